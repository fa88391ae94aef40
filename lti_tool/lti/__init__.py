"""The front door: login, launch, the tool's key set, and the way round when there are no cookies.

Besides `lms/` the only place that imports pylti1p3. What that library leaves open is closed here, row by row;
`tests/lti/test_library_gaps.py` guards each row.
"""
