"""What the checks judge, read from the files of the project and from live databases."""
