"""Files of named SQL, read once: statements by name and dialect, with numbered parameters.

A file looks like this::

    -- name: statement
    SELECT ... WHERE account_id = :account_id AND seq < :before LIMIT :limit

    -- name: upsert
    -- dialect: sqlite
    INSERT ...

    -- name: upsert
    -- dialect: postgres
    INSERT ...

A name stands alone, or once per dialect; a statement may be there for one dialect only. Each holds one statement.
Everything that is wrong is found when the file is read, not when the statement is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from roadbed.kernel.errors import ConfigurationError

Dialect = Literal["sqlite", "postgres"]
_MARKS: dict[Dialect, str] = {"sqlite": "?", "postgres": "$"}

_HEADER = re.compile(r"-- (name|dialect): *(\S+) *\Z")
_LIKE_A_HEADER = re.compile(r"\s*--+\s*(name|dialect)\s*:", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")

# Comments come first, so that an apostrophe in one opens no text. What is left over at the end are openings without a
# closing: a file that has one is refused.
_TOKEN = re.compile(
    r"""
      (?P<comment>  --[^\n]* | /\*.*?\*/ )
    | (?P<quoted>   (?<!\w)[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                  | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<cast>     :: )
    | (?<!\w):(?P<parameter>[A-Za-z_]\w*)
    | (?P<end>      ; )
    | (?P<opening>  ' | " | /\* )
    """,
    re.VERBOSE | re.DOTALL,
)
_LOCKING = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b")
_CHANGE = re.compile(r"\b(?:INSERT\s+(?:INTO|OR)|REPLACE\s+INTO|MERGE\s+INTO|DELETE\s+FROM|UPDATE)\b")
_READING = ("SELECT", "VALUES", "WITH", "TABLE", "EXPLAIN", "PRAGMA")


class Compiled(msgspec.Struct, frozen=True):
    """SQL text with positional parameters, the order in which the named ones fill them, and whether it changes rows.

    A SELECT of a function that writes counts as a read: a function that writes belongs into a ``Program``.
    """

    text: str
    parameters: tuple[str, ...]
    writes: bool = False


class _Block(msgspec.Struct):
    """What stands below one name, or one name and dialect."""

    line: int
    name: str
    dialect: Dialect | None = None
    sql: str = ""


def parse(text: str, source: str = "queries.sql") -> dict[str, dict[Dialect, Compiled]]:
    """Split a file of named SQL into statements by name and dialect.

    Raises:
        ConfigurationError: SQL before the first name, a name without SQL or with more than one statement, a name given
            twice for a dialect, an unknown dialect, a header that is misspelt, a quote that is never closed.
    """
    statements: dict[str, dict[Dialect, Compiled]] = {}
    for block in _blocks(text, source):
        variants = statements.setdefault(block.name, {})
        for dialect in get_args(Dialect) if block.dialect is None else (block.dialect,):
            if dialect in variants:
                raise ConfigurationError(f"{source}:{block.line}: {block.name!r} is given twice for {dialect}")
            try:
                variants[dialect] = compile_statement(block.sql, _MARKS[dialect])
            except ValueError as error:
                raise ConfigurationError(f"{source}:{block.line}: {block.name!r} {error}") from None
    return statements


def _blocks(text: str, source: str) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is None:
            if _LIKE_A_HEADER.match(line):
                raise ConfigurationError(f"{source}:{number}: a header reads '-- name: a_name' or '-- dialect: sqlite'")
            if block is not None:
                block.sql += line + "\n"
            elif line.strip() and not line.startswith("--"):
                raise ConfigurationError(f"{source}:{number}: SQL before the first '-- name:'")
        elif header[1] == "name":
            if block is not None:
                yield block
            if _NAME.match(header[2]) is None:
                raise ConfigurationError(f"{source}:{number}: {header[2]!r} is no name: use a-z, 0-9 and _")
            block = _Block(number, header[2])
        else:
            _set_dialect(block, header[2], f"{source}:{number}")
    if block is not None:
        yield block


def _set_dialect(block: _Block | None, dialect: str, place: str) -> None:
    if block is None or block.dialect is not None or block.sql.strip():
        raise ConfigurationError(f"{place}: '-- dialect:' stands right below its '-- name:'")
    if dialect not in _MARKS:
        raise ConfigurationError(f"{place}: {dialect!r} is not one of {', '.join(_MARKS)}")
    block.dialect = dialect


def compile_statement(sql: str, mark: str) -> Compiled:
    """Replace ``:name`` by numbered parameters; text in quotes, comments and ``::type`` casts stay as they are.

    Raises:
        ValueError: there is no statement, more than one, or a quote that is never closed.
    """
    order: list[str] = []
    bare: list[str] = []
    written: list[str] = []
    ended = False
    position = 0

    def take(between: str, bared: str, kept: str) -> None:
        nonlocal ended
        if ended and (between + bared).strip():
            raise ValueError("holds more than one statement")
        bare.extend((between, bared))
        written.extend((between, kept))

    for token in _TOKEN.finditer(sql):
        between, whole, name = sql[position : token.start()], token[0], token["parameter"]
        position = token.end()
        if token["opening"]:
            raise ValueError(f"opens {whole} and never closes it")
        if name:
            if name not in order:
                order.append(name)
            take(between, whole, f"{mark}{order.index(name) + 1}")
        elif token["end"]:
            take(between, "", "")
            ended = True
        else:
            take(between, " " if token["comment"] else "''" if token["quoted"] else whole, whole)
    take(sql[position:], "", "")
    words = "".join(bare).upper()
    if not words.strip():
        raise ValueError("has no SQL")
    return Compiled("".join(written).strip(), tuple(order), _writes(words))


def _writes(words: str) -> bool:
    if not words.split(maxsplit=1)[0].lstrip("(").startswith(_READING):
        return True
    return _CHANGE.search(_LOCKING.sub(" ", words)) is not None
