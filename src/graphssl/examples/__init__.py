"""The demo and the toy experiment."""
