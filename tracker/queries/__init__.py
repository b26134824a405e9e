"""Reads: rows for a page, figure, letter or export, as plain records."""
