"""Made terminals: the records of a made city as real firmware sends them, and what can come of that.

The bytes are written here from the standards alone; nothing of the reader of frames is used, else a mistake
in a layout would be made on both sides and be seen on neither.
"""
