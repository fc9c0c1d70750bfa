"""What each page shows, grouped by page; the pages themselves are in ``screens``."""
