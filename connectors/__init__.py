"""The outside world, one folder per system. No Flask, no database, no settings."""
