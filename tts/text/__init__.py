"""Text to phones in context: normalisation, pronunciation, phone inventories, context features."""
