"""Driving: speed, rest, route, belts (pledge 五)."""
