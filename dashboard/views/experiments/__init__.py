"""“Does it matter?”: what the learned basis is worth."""
