"""What tests start and wait for: real servers on free ports, bounded waits, errors that end with the log's end."""
