"""Tasks: a named stream, its role, its loss. One file a family."""
