"""The limit: what a bare ASGI application does on Roadbed's engine."""
