"""`python -m sidecarify`."""

from sidecarify.cli import main

if __name__ == "__main__":
    main()
