"""Files: written whole or not at all, read strictly; the paths people give, and locks."""
