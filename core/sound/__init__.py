"""Sound from anywhere as one channel at 16 kHz, and where in it somebody speaks."""
