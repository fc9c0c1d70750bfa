"""How well a model listens: words laid out on a long track, and what it detects of them."""
