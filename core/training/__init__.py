"""Training a keyword spotter: batches, the loop, and weights on disk."""
