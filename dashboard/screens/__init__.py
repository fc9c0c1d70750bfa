"""One file a page; each reads like a short letter."""
