"""Ground floor: errors, settings, ids, clock, events. Stdlib and msgspec only."""
