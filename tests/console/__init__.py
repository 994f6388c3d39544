"""Pages in a real Chromium, on a real service, on both engines."""
