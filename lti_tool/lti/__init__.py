"""The front door: LTI 1.3 login and launch."""
