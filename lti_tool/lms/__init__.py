"""What the LMS offers over LTI services: tokens."""
