"""The console of an organisation."""
