"""Declarations: what a domain is."""
