"""HTTP: operations compiled to ASGI, and the conventions that every reply keeps."""
