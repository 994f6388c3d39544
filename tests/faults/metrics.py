"""What a service says about itself at ``/metrics``."""

import http.client

from prometheus_client.parser import text_string_to_metric_families

from tests.support.waiting import PATIENCE


def samples(port: int, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one metric by the values of its labels; empty where there are none yet, or nobody to tell.

    Who has too many connections tells nothing.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        reply = connection.getresponse()
        text = reply.read().decode()
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    if reply.status == 503:
        return {}
    assert reply.status == 200, text
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def total(port: int, name: str) -> float:
    return sum(samples(port, name).values())


def workers(port: int) -> list[int]:
    """Return the process ids of the workers that live."""
    return sorted(int(labels[0]) for labels in samples(port, "roadbed_process_start_time_seconds"))
