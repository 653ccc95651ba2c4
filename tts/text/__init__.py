"""Text to phones in context: normalisation, pronunciation, phone inventories, context features.

Text in, sentences and the features of their phones out; ``alignment`` gives them times next.
"""
