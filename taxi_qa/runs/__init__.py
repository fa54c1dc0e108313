"""Floor 9, the bridge: frames out of the store, rules asked, outcomes put back."""

import os

# Arrow reads this once, when it is loaded: one pool of free memory instead of two that each keep their own.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
