"""Fares: tariff, meter on, meter honest (pledge 六.5, 六.6)."""
