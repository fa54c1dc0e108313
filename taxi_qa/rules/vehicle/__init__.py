"""Vehicles and their devices (pledge 七)."""
