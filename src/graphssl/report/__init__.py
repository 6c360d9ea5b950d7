"""Tables and figures from run records; reads files only and never imports torch."""
