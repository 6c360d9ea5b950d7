"""A report as CSV, HTML, LaTeX or Markdown."""
