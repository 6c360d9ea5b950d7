"""Encoders: stacks of message-passing layers, heads, and what the fast step needs."""
