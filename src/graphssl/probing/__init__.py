"""Logistic regression on frozen embeddings under named protocols."""
