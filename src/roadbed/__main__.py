"""``python -m roadbed`` is the same as ``roadbed``."""

from roadbed.cli.main import main

if __name__ == "__main__":
    main()
