"""Random views of a graph: features masked, edges and nodes dropped, from one generator."""
