"""What terminals say over the wire: JT/T 905 (taxi) and JT/T 808 (any vehicle), from bytes to records.

Frame and meaning are apart: `framing` cuts a stream, `frame` reads headers, `decode` reads bodies by tables.
"""
