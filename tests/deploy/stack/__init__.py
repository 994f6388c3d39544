"""The stack as it really runs: `make test-stack` starts it, asks it, breaks it, and removes it."""
