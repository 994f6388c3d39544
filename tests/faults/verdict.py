"""The whole check after a fault: what the clients were told, against what the database holds."""

from tests.faults import invariants, rows
from tests.faults.journal import Journal
from tests.faults.load import settle


async def verdict(port: int, url: str, journal: Journal, *, clients: int = 8) -> list[str]:
    """Resolve unknown outcomes by retry, then compare; return everything that is wrong, a few of each kind."""
    await settle(port, journal, clients)
    return await state(url, journal)


async def state(url: str, journal: Journal) -> list[str]:
    """Compare without sending anything."""
    differences = journal.differences(await rows.entries(url))
    broken = await invariants.broken(url)
    return [*journal.findings[:5], *differences[:5], *broken[:5]]
