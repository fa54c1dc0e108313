"""Fleety terminals (vendor 02): 0x0203 is one stored 0x0200, items and all, with a new serial."""

from taxi_qa.ingest.terminals.messages import known
from taxi_qa.ingest.terminals.messages.position import PLACE_905

LAYOUTS_905 = {0x0203: known("positions_again", PLACE_905, "position")}
