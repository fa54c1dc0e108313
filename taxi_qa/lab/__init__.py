"""Floor 11, made fleets with known offences; shares no code and no constants with the judging floors."""
