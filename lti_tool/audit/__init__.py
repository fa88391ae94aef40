"""Append-only trail of everything privileged: who did what to what, by id, without contents."""
