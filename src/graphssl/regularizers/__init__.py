"""Penalties on the weights of a network or on what it puts out."""
