"""Batches on the device, objective, loop, checkpoints."""
