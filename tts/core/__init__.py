"""What has no opinion about speech: files, audio, the frame grid, processes, devices, tensors, provenance.

Paths and plain values in, the same out; every other folder reads it, and it reads none of them.
"""
