"""The reference, judged like everybody else: its pool and its multiplexer, for asyncio and for threads.

With the files that it imports and redis_py_bridge.py all of the suite that knows the reference.
"""

from ..adapter import AnyAdapter
from .reference_aio import AsyncioMultiplexer, AsyncioPool
from .reference_threads import ThreadedMultiplexer, ThreadedPool

ADAPTERS: tuple[type[AnyAdapter], ...] = (AsyncioPool, AsyncioMultiplexer, ThreadedPool, ThreadedMultiplexer)
