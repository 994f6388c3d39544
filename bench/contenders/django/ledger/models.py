"""Accounts and their transactions."""

import uuid

from django.db import models
from django.utils import timezone


class Account(models.Model):
    account_id = models.UUIDField(primary_key=True)
    balance = models.BigIntegerField(default=0)


class Transaction(models.Model):
    transaction_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    amount = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-transaction_id"], name="transactions_newest")]
