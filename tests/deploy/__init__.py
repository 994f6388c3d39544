"""What containers are made of and run by. What a stack that really runs is asked lies in `stack`: `make test-stack`."""
