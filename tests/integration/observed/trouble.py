"""A domain in which everything goes wrong, and whose errors quote what the caller sent."""

import asyncio
import logging
import threading
import warnings

import msgspec

from roadbed.data.database import Database
from roadbed.data.named_sql import parse
from roadbed.data.queries import Query
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import NotFound, Overloaded
from roadbed.resource.domain import Domain

CONSTANT = "the gadget is missing"
LONG = 300_000

STATEMENTS = """\
-- name: misread
-- dialect: postgres
SELECT CAST(CAST(:words AS text) AS integer) AS number

-- name: misread
-- dialect: sqlite
SELECT json(:words) AS number
"""


class Number(msgspec.Struct):
    number: int


MISREAD = Query("misread", parse(STATEMENTS)["misread"], Number)


class Person(msgspec.Struct, forbid_unknown_fields=True):
    email: str


class Done(msgspec.Struct):
    done: bool = True


operations: Operations[Database] = Operations("trouble", "Trouble")


@operations.post("/trouble/words", idempotent=False)
async def words(call: Call[Database], body: Person) -> Done:
    """Raise an error that quotes the caller, with a cause that does so too."""
    try:
        {}[body.email]
    except KeyError as error:
        raise ValueError(f"nobody has the address {body.email}") from error
    return Done()


@operations.post("/trouble/database", idempotent=False)
async def misread(call: Call[Database], body: Person) -> Done:
    """Let the database quote the caller."""
    await call.service.fetch(MISREAD, words=body.email)
    return Done()


@operations.get("/trouble/constant")
async def constant(call: Call[Database]) -> Done:
    """Raise an error whose words are the program's own."""
    raise RuntimeError("the gadget is missing")


@operations.get("/trouble/missing", raises=[NotFound])
async def missing(call: Call[Database]) -> Done:
    """Refuse in a foreseen way."""
    raise NotFound("There is no such thing")


@operations.get("/trouble/full", raises=[Overloaded])
async def full(call: Call[Database]) -> Done:
    """Shed a request."""
    raise Overloaded


@operations.get("/trouble/long")
async def long(call: Call[Database]) -> Done:
    """Raise an error of many words."""
    raise RuntimeError("é\n" * (LONG // 2))


class _Broken:
    def __del__(self) -> None:
        raise LookupError("too late\nfor this")


@operations.get("/trouble/python")
async def python(call: Call[Database]) -> Done:
    """Let Python and its libraries speak, in many lines."""
    warnings.warn("this is\nold", UserWarning, stacklevel=1)
    logging.getLogger("some.library").warning("one line\nand another")
    logging.getLogger("some.library").log(35, "a level of its own")
    logging.getLogger("some.library").error("it takes %d words", "many")
    thread = threading.Thread(target=_fail_in_a_thread, name="helper")
    thread.start()
    thread.join()
    _Broken()
    # Nobody looks at what comes of it: asyncio says so when it is gone.
    asyncio.get_running_loop().call_exception_handler({"message": "lost\nin a callback", "exception": OSError(5)})
    return Done()


def _fail_in_a_thread() -> None:
    raise LookupError("alone\nin the dark")


def _open(database: Database, _clock: Clock) -> Database:
    return database


domain: Domain[Database] = Domain(name="trouble", title="Trouble", operations=operations, open=_open)


def _fail(_database: Database, _clock: Clock) -> Database:
    raise ZeroDivisionError("no service\ncan be made")


unmade: Domain[Database] = Domain(name="unmade", title="Unmade", operations=operations, open=_fail)
