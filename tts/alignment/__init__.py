"""When each phone is spoken: an aligner from a flat start, and other people's label files."""
