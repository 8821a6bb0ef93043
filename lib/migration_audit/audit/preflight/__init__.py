"""Both SQL sources, executed on throw-away servers, read and compared."""
