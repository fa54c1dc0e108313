"""Hubs: order and courtesy at stations, piers and ranks (四)."""
