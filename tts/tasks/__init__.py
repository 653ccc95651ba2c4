"""What a network is asked for: one family of targets a file, with its stream and its loss.

Signals, sentences and times in, targets out; ``dataset`` packs them next.
"""
