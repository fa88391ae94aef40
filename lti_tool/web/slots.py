"""Slots: places on a page that rooms above may fill, without the page knowing them.

A room registers a loader for a slot; a page asks a slot once. A loader makes a fixed number of queries, however
many things are on the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Loader = Callable[..., Any]
_slots: dict[str, list[tuple[int, Loader]]] = {}


def register(slot: str, *, order: int = 50) -> Callable[[Loader], Loader]:
    """Fill a slot. The loader gets `here` and what the page adds by name; None leaves it empty."""

    def put(loader: Loader) -> Loader:
        _slots.setdefault(slot, []).append((order, loader))
        _slots[slot].sort(key=lambda entry: entry[0])
        return loader

    return put


def ask(slot: str, here: Any, **more: Any) -> list[Any]:
    """What the rooms put into a slot for this request, in order."""
    found = (loader(here, **more) for _, loader in _slots.get(slot, ()))
    return [item for item in found if item is not None]
