"""Commendations: what stands to a driver's credit."""
