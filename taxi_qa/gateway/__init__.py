"""Terminals over TCP: what they send is durable before it is answered, and becomes records afterwards."""
