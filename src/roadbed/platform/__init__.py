"""The service about itself, under ``/platform``: figures, errors, storage, settings, migrations, cache and feeds."""
