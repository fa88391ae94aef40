"""A person's own record: moments, suggestions, formal records, sharing."""
