"""From a prepared corpus to a voice.

Tables and a recipe's system in, a voice folder out; ``comparison`` trains many of them.
"""
