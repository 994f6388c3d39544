"""Loads scripts that belong to no package."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from tests.style.tree import ROOT


def script_of(path: str) -> ModuleType:
    """Return a script of the repository as a module, without running what it does when it is started."""
    spec = spec_from_file_location(path.rpartition("/")[2].removesuffix(".py"), ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
