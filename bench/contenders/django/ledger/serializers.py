"""What comes in and goes out."""

from django.db import transaction
from django.db.models import F
from rest_framework import serializers

from ledger.models import Account, Transaction


class TransactionSerializer(serializers.ModelSerializer):
    # A plain field: the related one would look the account up, and a transaction may name a new one.
    account_id = serializers.UUIDField()

    class Meta:
        model = Transaction
        fields = ["transaction_id", "account_id", "amount", "created_at"]

    def create(self, validated_data):
        account_id, amount = validated_data["account_id"], validated_data["amount"]
        with transaction.atomic():
            account = Account.objects.filter(account_id=account_id)
            added = account.update(balance=F("balance") + amount)
            if not added:
                # Two first transactions at once: one creates the account, both then add to it.
                Account.objects.get_or_create(account_id=account_id)
                account.update(balance=F("balance") + amount)
            # The id is new: a plain INSERT, without the UPDATE that save() would otherwise try first.
            return Transaction.objects.create(account_id=account_id, amount=amount)
