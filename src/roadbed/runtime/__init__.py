"""What a process needs around its requests: start and stop, logs, metrics, health, periodic jobs."""
