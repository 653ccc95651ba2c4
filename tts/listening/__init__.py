"""Listening tests: a page that people take offline, and the analysis of the files they send back.

Wavs of several systems in, a test and what its answers mean out; ``comparison`` leaves one beside its report.
"""
