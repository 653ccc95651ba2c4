"""How good speech is: metrics, their statistics, tables, pictures, copy synthesis.

Natural and generated speech in, scores with intervals out; ``training`` validates by them, ``comparison`` decides by them.
"""
