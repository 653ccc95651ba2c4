"""Durations, trajectories, post-filters, vocoding: from sentences to speech."""
