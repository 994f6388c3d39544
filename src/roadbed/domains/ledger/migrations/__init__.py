"""The revisions of the ledger's tables and functions."""
