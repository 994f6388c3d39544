"""What can go wrong in a benchmark, as errors that say what to do.

BenchError
├── NotInstalled     a program or package is missing: ``python -m bench setup``
├── ContenderFailed  a server did not start, died, or would not answer
└── NotTheSameWork   a server answers, but not what the work asks for, or its books do not add up
"""


class BenchError(Exception):
    """The base of all; its text is for the person who runs the benchmark, and says first whose failure it is."""

    contender = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.contender}: {text}" if self.contender else text


class NotInstalled(BenchError):
    pass


class ContenderFailed(BenchError):
    pass


class NotTheSameWork(BenchError):
    pass
