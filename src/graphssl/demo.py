"""Run the demo with ``python -m graphssl.demo``."""

from graphssl.examples.demo import main

if __name__ == "__main__":
    main()
