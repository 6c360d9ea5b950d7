"""Entry point of ``python -m graphssl``."""

from graphssl.cli import main

if __name__ == "__main__":
    main()
