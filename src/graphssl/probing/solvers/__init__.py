"""Solvers for logistic regression: scikit-learn's, and a batched one in torch."""
