"""Floor 5, records become the units that are judged: trips, carriages, duty, driving, streams, delays."""
