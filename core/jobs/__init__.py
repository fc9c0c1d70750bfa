"""Processes that train, one run or many."""
