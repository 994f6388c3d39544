"""The same work on Roadbed and on its peers, in one run: ``python -m bench``."""
