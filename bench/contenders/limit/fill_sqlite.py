"""Ready tuples into a table of measurements:  fill_sqlite.py <file> <clean CSV>  prints the seconds."""

from pathlib import Path

from filling import fill, micros

INSERT = "INSERT INTO telemetry_measurement (signal_id, at, value) VALUES (?, ?, ?)"


def tuples(path):
    with Path(path).open() as lines:
        for line in lines:
            signal, at, value = line.split(",")
            yield int(signal), micros(at), float(value)


if __name__ == "__main__":
    fill(INSERT, tuples)
