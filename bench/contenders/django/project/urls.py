"""The routes."""

from django.urls import path
from ledger.views import Ping, TransactionDetail, TransactionList

urlpatterns = [
    path("ping", Ping.as_view()),
    path("transactions", TransactionList.as_view()),
    path("transactions/<uuid:transaction_id>", TransactionDetail.as_view()),
]
