"""Roadbed turns a declared domain into a production service.

``roadbed.__version__`` is the version of the installed package. It is read on first use only: importing
``importlib.metadata`` costs milliseconds, and a start is to take less than a second.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Answer ``__version__`` from the package metadata (PEP 562), ``0+unknown`` where nothing is installed."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("roadbed")
    except PackageNotFoundError:
        found = "0+unknown"
    globals()["__version__"] = found
    return found
