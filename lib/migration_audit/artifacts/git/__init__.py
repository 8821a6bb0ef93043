"""Git repositories: revisions, files, and what differs in the working tree."""
