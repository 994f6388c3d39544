"""The tables of scenarios, one file per concept."""

from tests.contract.tables import lists, money, transactions

TABLES = {
    "transactions": transactions.SCENARIOS,
    "money": money.SCENARIOS,
    "lists": lists.SCENARIOS,
}
