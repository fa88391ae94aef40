"""The start page, and the public pages that say who sees what."""
