"""``python -m graphssl``."""

from graphssl.cli import main

main()
