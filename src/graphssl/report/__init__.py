"""Tables and figures from run records; reads files alone and never imports torch."""
