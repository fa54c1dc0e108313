"""Promises of the companies, by the month: the complaint desk (pledge 篇4)."""
