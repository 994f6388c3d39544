"""Where bodies of replies are kept: in this process, or in Redis for all of them. Neither decides what is fresh."""
