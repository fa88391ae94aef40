"""Append-only facts: this person did this kind of thing in this space on this day. No contents."""
