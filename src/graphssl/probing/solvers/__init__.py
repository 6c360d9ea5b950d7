"""Logistic regression: scikit-learn's solvers, and one in torch for many fits at once."""
