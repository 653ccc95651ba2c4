"""Trunks, heads, stages and stacks."""
