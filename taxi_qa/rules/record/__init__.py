"""Official documents about drivers."""
