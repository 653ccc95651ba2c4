"""Corpora: what was said, by whom, under which licence; reading, checking and splitting."""
