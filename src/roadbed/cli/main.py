"""The entry point: runs a command, turns errors into words and exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. This file runs on older Pythons too, to tell them what is
needed; and it imports Typer only when a command is to run, for worker processes import it as well.
"""

from __future__ import annotations

import os
import sys

from roadbed.cli.outcome import DONE, FAILED, WRONG, tell

NEEDED = (3, 11)
"""The oldest Python that Roadbed runs on."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command of ``arguments`` (those of the process by default) and leave the process."""
    find_domains_here(sys.path)
    arguments = sys.argv[1:] if arguments is None else arguments
    _speak_as_they_listen(arguments)
    sys.exit(run(arguments))


def _speak_as_they_listen(arguments: list[str]) -> None:
    """Where machines read what a command says, let Python's own words be lines of the log too."""
    if sys.version_info < NEEDED:  # `run` says so
        return
    from roadbed.cli.telling import listener_of
    from roadbed.runtime.last_words import speak_for_python

    if (listener := listener_of(arguments)) is not None:
        speak_for_python(listener)


def find_domains_here(path: list[str]) -> None:
    """Add the working directory to an import path, for a domain that lies there (``--domains shop:domain``).

    It comes last: nothing that lies about can take the place of a library. ``python -m`` has it first already.
    """
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not imported yet, and a start is to be quick
    except OSError:  # it has been removed: whoever needs it will say so
        return
    if "" not in path and here not in path:
        path.append(here)


def run(arguments: list[str], version: tuple[int, ...] = sys.version_info[:2]) -> int:
    """Run a command; return its exit code. Foreseen errors are told on standard error, without a traceback."""
    if version < NEEDED:
        have = ".".join(str(part) for part in version)
        return tell(f"Python {NEEDED[0]}.{NEEDED[1]} or newer is needed; this is {have} ({sys.executable})", FAILED)
    from roadbed.cli.commands import app
    from roadbed.cli.telling import listener_of, refuse
    from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch

    try:
        app(args=arguments, prog_name="roadbed")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED if end.code else DONE
    except SchemaMismatch as error:
        return refuse(error.detail, FAILED, listener_of(arguments))
    except ConfigurationError as error:
        return refuse(_listed(error.problems), WRONG, listener_of(arguments), error.problems)
    except RoadbedError as error:
        return refuse(error.detail, FAILED, listener_of(arguments))
    except BrokenPipeError:
        # Whoever read our output has had enough (`roadbed openapi | head`); Python would complain while it exits.
        sys.stdout = None
        return DONE
    return DONE


def _listed(problems: tuple[str, ...]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n  - ".join(("the configuration is wrong:", *problems))
