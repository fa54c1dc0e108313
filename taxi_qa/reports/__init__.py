"""Floor 10, view models for pages and files."""
