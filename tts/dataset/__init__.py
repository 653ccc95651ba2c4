"""A corpus made ready for training.

A recipe and its corpus in, one prepared folder and tables of its rows out; ``network`` and ``training`` read them next.
"""
