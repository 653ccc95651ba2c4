"""Looking at one utterance: every prepared stream as a table, and as one picture under one time axis."""
