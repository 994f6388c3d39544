"""Measurements by the ten thousand: streamed in, streamed out, and the same."""

import json

from tests.contract.conftest import Running
from tests.contract.wire import Connection, chunks, head

COUNT = 30_000
"""More than one block comes in, and more than one part goes out."""


def test_what_is_streamed_in_is_streamed_out(running: Running) -> None:
    asset = {"latitude": 0, "longitude": 0, "description": "far away"}
    signal = {"signal_gid": "0192f0c1-1111-7111-8111-000000000900", "signal_name": "S", "asset_id": 900, "unit": "V"}
    lines = [f"2024-01-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}|900|{n},5\n" for n in range(COUNT)]
    body = "".join(["Ts|SignalId|MeasurementValue\n", *reversed(lines)]).encode()
    with Connection(running.port) as connection:

        def ask(method: str, target: str, media: str = "", body: bytes = b"") -> bytes:
            headers = {"Host": f"127.0.0.1:{running.port}", "Content-Type": media or None}
            framing = {"Transfer-Encoding": "chunked"} if body else {}
            connection.send(head(method, target, {**headers, **framing}) + (chunks(body) if body else b""))
            reply = connection.read_reply(method)
            assert reply.status in (200, 201), reply.body
            return reply.body

        ask("PUT", "/assets/900", "application/json", json.dumps(asset).encode())
        ask("PUT", "/signals/900", "application/json", json.dumps(signal).encode())
        counts = json.loads(ask("POST", "/measurements", "text/csv", body))
        assert (counts["inserted"], counts["rejected"]) == (COUNT, 0)
        rows = json.loads(ask("GET", "/measurements?signal_list=900"))
        assert [row["value"] for row in rows] == [n + 0.5 for n in range(COUNT)]
        assert json.loads(ask("GET", "/measurements/stats/900"))["median"] == COUNT / 2
        exported = ask("GET", "/measurements/export?signal_list=900")
        again = json.loads(ask("POST", "/measurements", "text/csv", exported))
        assert (again["inserted"], again["unchanged"]) == (0, COUNT)
