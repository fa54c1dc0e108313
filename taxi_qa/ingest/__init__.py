"""Floor 9, bytes and files become records: read, named, checked at the door, taken in or refused."""
