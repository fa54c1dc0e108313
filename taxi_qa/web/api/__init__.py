"""The HTTP API, /api/v1: records in, findings, cases, scores and rules out, for machines with a token."""
