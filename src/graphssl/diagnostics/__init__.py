"""Measures of collapse: rank, spectra, angles, weights."""
