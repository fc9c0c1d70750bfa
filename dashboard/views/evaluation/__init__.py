"""Evaluation: which clips, the numbers, and seven ways to look at the answers."""
