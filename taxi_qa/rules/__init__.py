"""Floor 7, one offence a file; the file's path is the rule's name."""
