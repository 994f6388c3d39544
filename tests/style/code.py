"""Rules that read Python as a syntax tree."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FUNCTION_LINES = 50
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"}
LEAVING_OUT = {"importorskip", "skip", "skipif", "skipIf", "skipTest", "skipUnless", "xfail"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def long_functions(path: Path, text: str) -> list[str]:
    """Find functions that are too long; the docstring does not count, lest it be cut to fit."""
    found: list[str] = []
    for function in functions(ast.parse(text)):
        first = function.body[0]
        has_docstring = ast.get_docstring(function, clean=False) is not None
        documentation = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
        count = (function.end_lineno or function.lineno) - function.lineno + 1 - documentation
        if count > MAX_FUNCTION_LINES:
            found.append(f"{function.lineno}: {function.name} has {count} lines, {MAX_FUNCTION_LINES} at most")
    return found


def settings_objects(path: Path, text: str) -> list[str]:
    """Find settings that are read when a module is imported: they are passed on instead, from the composition root."""
    found: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {_last_name(target).lower() for target in targets}
            called = _last_name(node.value.func)
            if names & {"config", "settings"} or called.endswith("Settings") or called == "load_settings":
                found.append(f"{node.lineno}: a settings object at module level: pass settings on from app.py")
    return found


def imports_beyond_kernel(path: Path, text: str) -> list[str]:
    """Find imports other than of the standard library, msgspec and the kernel itself."""
    found: list[str] = []
    for line, module in _imports(ast.parse(text)):
        inside = module == "roadbed.kernel" or module.startswith("roadbed.kernel.")
        if not inside and module.partition(".")[0] not in {*sys.stdlib_module_names, "msgspec"}:
            found.append(f"{line}: the kernel imports {module}")
    return found


def left_out_tests(path: Path, text: str) -> list[str]:
    """Find skips and expected failures: a test runs and passes, or it is not there."""
    return [
        f"{node.lineno}: {node.attr} leaves a test out"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and node.attr in LEAVING_OUT
        and _last_name(node.value) in {"mark", "pytest", "self", "unittest"}
    ]


def asserts_on_time(path: Path, text: str) -> list[str]:
    """Find asserts on a clock, or on what was computed from one: they fail on a busy machine. Speed lives in bench/."""
    return [
        f"{node.lineno}: {function.name} asserts on time"
        for function in functions(ast.parse(text))
        for timed in [_names_from_clocks(function)]
        for node in ast.walk(function)
        if isinstance(node, ast.Assert) and _depends_on(node.test, timed)
    ]


def _names_from_clocks(function: Function) -> set[str]:
    timed: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _depends_on(node.value, timed):
            timed.update(_last_name(target) for target in node.targets)
    return timed


def _depends_on(expression: ast.AST, names: set[str]) -> bool:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and _last_name(node.func) in CLOCKS:
            return True
        if isinstance(node, ast.Name) and node.id in names:
            return True
    return False


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "."


def _last_name(node: ast.AST) -> str:
    """Return ``c`` of ``a.b.c`` and of ``c``, the empty string of anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
