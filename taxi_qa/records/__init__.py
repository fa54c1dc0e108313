"""Floor 2, what arrives: the columns, units and limits of every kind of record, stated once.

The checks at the door (`ingest`), the tables (`store`), the exports and the documentation all read
this statement; nothing repeats it.
"""
