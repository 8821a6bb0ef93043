"""The audit itself: facts are gathered, kept as files, and judged; notebooks and the gate ask this package."""
