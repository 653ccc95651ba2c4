"""When each phone is spoken: an aligner from a flat start, and other people's label files.

Sentences and cepstra of their recordings in, state durations out; ``tasks`` and ``dataset`` read them next.
"""
