"""Words of your own on a page: their recordings, and learning them."""
