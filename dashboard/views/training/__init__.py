"""Training: the form of a new run, and a run watched or explained."""
