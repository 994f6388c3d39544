"""Asks the service in this container whether it is ready; exit code 0 if it is. What an image's HEALTHCHECK runs."""

import http.client
import os
import sys

TIMEOUT = 4.0
"""Seconds, below the health check's own."""


def problem(port: int) -> str:
    """Return why the service is not ready, or an empty text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/health/ready")
        reply = connection.getresponse()
        return (
            "" if reply.status == http.HTTPStatus.OK else f"{reply.status}: {reply.read(1000).decode(errors='replace')}"
        )
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    finally:
        connection.close()


if __name__ == "__main__":
    # An empty text would be a failure to `sys.exit`.
    sys.exit(problem(int(os.environ.get("ROADBED_PORT") or 8000)) or 0)
