"""An evaluation: which clips, the numbers, and all ways to look at the answers."""
