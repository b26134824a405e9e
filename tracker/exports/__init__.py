"""Plain records turned into files."""
