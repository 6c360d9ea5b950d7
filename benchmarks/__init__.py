"""Benchmarks, each against a reference in the same run."""
