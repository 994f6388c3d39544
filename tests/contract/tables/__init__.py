"""The tables of scenarios, one file per concept."""

from tests.contract.tables import (
    callers,
    conditions,
    kv,
    kv_inputs,
    lists,
    media,
    money,
    pages,
    paths,
    queries,
    retries,
    telemetry,
    texts,
    transactions,
    values,
)

TABLES = {
    "transactions": transactions.SCENARIOS,
    "money": money.SCENARIOS,
    "lists": lists.SCENARIOS,
    "values": values.SCENARIOS,
    "texts": texts.SCENARIOS,
    "media": media.SCENARIOS,
    "paths": paths.SCENARIOS,
    "queries": queries.SCENARIOS,
    "conditions": conditions.SCENARIOS,
    "retries": retries.SCENARIOS,
    "callers": callers.SCENARIOS,
    "pages": pages.SCENARIOS,
    "kv": kv.SCENARIOS,
    "kv inputs": kv_inputs.SCENARIOS,
    "telemetry": telemetry.SCENARIOS,
}
