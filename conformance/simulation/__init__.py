"""The simulated worlds: read `world.py`, `observer.py` and `network.py`, then `aio/`, then `threads/`."""
