"""Files of a project in, typed facts out."""
