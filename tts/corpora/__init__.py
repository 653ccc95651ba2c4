"""Recordings with their transcripts, as they lie on disk.

A folder in, utterances with their problems and splits out; ``text`` reads the transcripts next.
"""
