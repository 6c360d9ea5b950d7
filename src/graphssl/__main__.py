"""``python -m graphssl``, and what the command ``graphssl`` calls."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being imported ends it without a traceback."""
    try:
        from graphssl import cli

        cli.main()
    except KeyboardInterrupt:
        print("graphssl: interrupted before a run began", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
