"""Self-supervised learning on graphs with WERank."""
