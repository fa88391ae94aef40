"""A person's rights over what is held of them: a copy, and erasure. Walks the registry that every room fills."""
