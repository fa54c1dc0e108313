"""Floor 1, what a number is: money, clocks, places, names. Imports nothing of taxi_qa."""
