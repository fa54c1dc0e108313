"""Licences: who drove, with which papers, where (pledge 一.1)."""
