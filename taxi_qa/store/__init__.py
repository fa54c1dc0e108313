"""Floor 8, the only place with tables and track files: it keeps, it does not judge."""
