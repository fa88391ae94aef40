"""Work that happens later: the schedule, with a lease so that one process does it."""
