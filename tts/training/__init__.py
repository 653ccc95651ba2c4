"""From a prepared corpus to a voice: checks, batches, the learner's step, the trainer's loop, stages, transfer, records.

Tables and a recipe's system in, a voice folder out; ``comparison`` trains many of them.
"""
