"""What a model costs: weights, multiplications, and the time of an answer."""
