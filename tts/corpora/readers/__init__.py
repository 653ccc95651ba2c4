"""Readers of public corpora in the layouts in which they are published: a file each, named after the corpus."""
