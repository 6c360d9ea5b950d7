"""Solvers for logistic regression: scikit-learn's, and one in torch for many fits at once."""
