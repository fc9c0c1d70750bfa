"""Records of finished numbers, frozen: what computation hands to figures, pages and the command line. No torch."""
