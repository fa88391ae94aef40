"""The promises of Leerkring, as tests."""
