"""The revisions of the list's tables."""
