"""Persons, their identities in LMSs, the viewer of a request, roles given by the organisation, the staff list."""
