"""The revisions of the guest."""
