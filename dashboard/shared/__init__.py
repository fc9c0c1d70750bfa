"""What several pages use: loaders, state, background work, choices and wording."""
