"""Looking at a folder of recordings that nobody has described: a folder in, a recipe's draft and what was seen out."""
