"""How fast the console is in a real browser: figures of pages, taken one after the other from one service."""
