"""How well models do on clips that are noisy, late, loud, quiet, fast or slow."""
