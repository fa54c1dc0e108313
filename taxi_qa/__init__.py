"""taxi_qa: every taxi trip checked against the drivers' service pledge, clause by clause."""

__version__ = "0.1.0"
