"""Render a report as CSV, HTML, LaTeX or Markdown."""
