"""Recordings to parameters, and back: WORLD's streams, spectra, formants, cepstra.

Signals in, streams of frames out; ``tasks`` names them next.
"""
