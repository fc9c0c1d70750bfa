"""Noise: what is asked, the measurement, the point of the curve that is looked at, its clips, and the numbers."""
