"""Live: one sound, continuous listening, its test on a long track, and recordings of one's own."""
