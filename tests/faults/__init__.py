"""Real services, real load, real faults: what was acknowledged is there, once, and every balance is exact."""
