"""Measures of rank, spectrum and collapse: pure functions that change nothing."""
