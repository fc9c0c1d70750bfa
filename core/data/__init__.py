"""Datasets: where clips come from, and the pack that makes reading them fast."""
