"""The simulated world of asyncio clients: `world.py` first, then `loop.py`, `network.py`, `transport.py`."""
