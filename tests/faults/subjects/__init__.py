"""The domains that are written to while things break, each with what must hold of it afterwards.

The ledger has a journal of its own (``tests.faults.journal``): its writes need not be repeatable.
"""

from collections.abc import Callable

from tests.faults.insisting import Subject
from tests.faults.subjects.items import Items
from tests.faults.subjects.kv import Kv
from tests.faults.subjects.telemetry import Telemetry
from tests.faults.subjects.vouchers import Vouchers

SUBJECTS: dict[str, Callable[[], Subject]] = {"kv": Kv, "items": Items, "vouchers": Vouchers, "telemetry": Telemetry}
