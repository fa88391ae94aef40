"""Group figures for HR and the works council: counted per department, never per person."""
