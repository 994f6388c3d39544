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
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


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
    from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch

    try:
        app(args=arguments, prog_name="roadbed")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED if end.code else DONE
    except SchemaMismatch as error:
        return tell(error.detail, FAILED)
    except ConfigurationError as error:
        return tell(_listed(error.problems), WRONG)
    except RoadbedError as error:
        return tell(error.detail, FAILED)
    except BrokenPipeError:
        # Whoever read our output has had enough (`roadbed openapi | head`); Python would complain while it exits.
        sys.stdout = None
        return DONE
    return DONE


def _listed(problems: tuple[str, ...]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n  - ".join(("the configuration is wrong:", *problems))
