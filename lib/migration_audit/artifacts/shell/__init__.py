"""Shell scripts: which programs they start, in which order, and what they do to files."""
