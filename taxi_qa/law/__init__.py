"""Floor 3, what binds: dated numbers of law and house, each with its citation or reason."""
