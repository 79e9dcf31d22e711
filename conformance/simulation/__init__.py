"""The simulated world: read `world.py` first, then `loop.py`, `network.py` and `transport.py`."""
