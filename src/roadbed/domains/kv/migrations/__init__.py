"""Revisions of the key-value store's tables."""
