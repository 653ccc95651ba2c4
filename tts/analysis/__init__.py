"""Audio in, frame-level parameters out, and back."""
