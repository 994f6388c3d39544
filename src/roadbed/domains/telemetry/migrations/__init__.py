"""The revisions of telemetry's tables."""
