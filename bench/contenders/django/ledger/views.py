"""The views."""

from rest_framework import generics, pagination
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger.models import Transaction
from ledger.serializers import TransactionSerializer


class Newest(pagination.LimitOffsetPagination):
    """A plain array, without the count of all rows that the default page carries."""

    default_limit = 100
    max_limit = 1000

    def paginate_queryset(self, queryset, request, view=None):
        return list(queryset[: self.get_limit(request)])

    def get_paginated_response(self, data):
        return Response(data)


class Ping(APIView):
    def get(self, request):
        return Response({"status": "ok"})


class TransactionList(generics.ListCreateAPIView):
    queryset = Transaction.objects.order_by("-created_at", "-transaction_id")
    serializer_class = TransactionSerializer
    pagination_class = Newest


class TransactionDetail(generics.RetrieveAPIView):
    queryset = Transaction.objects.all()
    serializer_class = TransactionSerializer
    lookup_field = "transaction_id"
