"""The tables of scenarios, one file per concept."""

from tests.contract.tables import lists, media, money, paths, queries, texts, transactions, values

TABLES = {
    "transactions": transactions.SCENARIOS,
    "money": money.SCENARIOS,
    "lists": lists.SCENARIOS,
    "values": values.SCENARIOS,
    "texts": texts.SCENARIOS,
    "media": media.SCENARIOS,
    "paths": paths.SCENARIOS,
    "queries": queries.SCENARIOS,
}
