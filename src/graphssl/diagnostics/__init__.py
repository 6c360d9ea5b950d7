"""Measures of collapse: rank, spectra, angles and weights."""
