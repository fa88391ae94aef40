"""Organisations, their networks, the platforms they registered, and the keys of the tool."""
