"""The command line: parses, calls, prints. What a command does lies in the rooms below."""
