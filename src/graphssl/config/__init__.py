"""From overrides to objects: Hydra's composition, the objects it names, messages and help."""
