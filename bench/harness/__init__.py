"""Starts the contenders, loads them, compares them."""
