"""Trunks, ways of sharing layers, stages and stacks.

Rows of features in, the outputs of all tasks out; ``generation`` and ``training`` run them next.
"""
