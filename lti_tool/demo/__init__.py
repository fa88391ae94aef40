"""The practice LMS and the made-up hospital world that fills it."""
