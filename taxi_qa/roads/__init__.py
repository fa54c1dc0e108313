"""The road network: reference routes, map matching and speed limits, behind one small interface."""
