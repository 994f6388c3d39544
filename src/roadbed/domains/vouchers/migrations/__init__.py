"""The revisions of the tables of the voucher shop."""
