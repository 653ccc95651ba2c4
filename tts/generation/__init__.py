"""Speaking: durations, trajectories, post-filter, vocoder, batches, and the voice they need.

A voice and text in, speech out; ``evaluation`` scores it next.
"""
