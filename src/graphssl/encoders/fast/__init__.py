"""Fast products and propagation with a view's masks, with the same results as plain PyG."""
