"""Learning spaces: what they are for, who takes part, the doors to them, and who may see and do what."""
