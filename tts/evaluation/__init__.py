"""Is it better? Metrics, recogniser, reports."""
