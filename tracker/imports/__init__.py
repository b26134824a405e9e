"""Turns a file and its mapping into plain records, with every doubt named by line and column.

`csvfile` reads bytes into rows, `mapping` says what the columns mean, `actions` and `proposals` make the
records that `services.importing` writes. Nothing here knows the database.
"""
