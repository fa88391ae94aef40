"""Conversations in a space: posts, drafts, what is read."""
