"""Compare: which runs on which clips, side by side, and what they cost."""
