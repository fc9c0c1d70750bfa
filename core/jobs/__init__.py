"""Processes that train, one run or many in a row."""
