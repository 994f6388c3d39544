"""Every path that the document of a service with all domains has."""

PATHS = """
/ping /transactions /transactions/{transaction_id} /transactions/{transaction_id}/reversal
/accounts /accounts/{account_id} /accounts/{account_id}/transactions /accounts/{account_id}/limits
/transfers /transfers/{transfer_id}
/kv /kv/{key}
/status /items /items/bulk /items/events /items/export /items/import /items/{id} /items/{id}/history
/health /assets /assets/{asset_id} /signals /signals/{signal_id} /signals/{signal_id}/last /signals/{signal_id}/series
/measurements /measurements/last /measurements/export /measurements/stats/{signal_id}
/measurements/outliers/{signal_id}
/vouchers /vouchers/export /vouchers/import /vouchers/{id} /vouchers/{id}/history /vouchers/{id}/status /vouchers/redeem
/vouchers/events /vouchers/templates/events
/vouchers/templates /vouchers/templates/export /vouchers/templates/import
/vouchers/templates/{id} /vouchers/templates/{id}/history
/batch /resources.json /health/live /health/ready /metrics
/platform /platform/statistics /platform/storage /platform/errors /platform/settings /platform/migrations
/platform/cache /platform/feeds
"""
