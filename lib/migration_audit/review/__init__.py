"""After the runs: sign, verify and gate, on the tree and the revision that are proposed."""
