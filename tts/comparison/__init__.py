"""Does it help? Systems trained over seeds, scored on the same utterances, compared with intervals and controls."""
