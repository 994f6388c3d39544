"""Import and export of every resource: files and streams in CSV, NDJSON and JSON."""
