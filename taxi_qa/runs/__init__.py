"""Floor 9, the bridge: frames out of the store, rules asked, outcomes put back."""
