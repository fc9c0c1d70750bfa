"""Fast twins of what stands readable in the front end, the models and the training loop; tests hold each to it."""
