"""Makers and places that deviate from the standard: a file each, tables only, chosen by `dialect`."""
