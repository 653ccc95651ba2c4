"""The command line: one thin file a verb.

Arguments in, one call of the library and its printed answer out; nothing reads it.
"""
