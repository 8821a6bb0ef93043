"""The audit itself: facts are gathered, saved as files, and judged; notebooks and the gate ask this package."""
