"""Writes: every change of rows. A service takes `actor` and `now`, flushes, and never commits."""
