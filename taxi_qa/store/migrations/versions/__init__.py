"""One file a migration, never changed once it was released."""
