"""Floor 12, the command line: one tree of commands, one file a group; the only floor that reads the clock."""

from taxi_qa.cli.tree import main

__all__ = ["main"]
