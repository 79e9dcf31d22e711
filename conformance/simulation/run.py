"""Runs a plan in the world that the client belongs to."""

from ..adapter import Adapter, AnyAdapter, SynchronousAdapter
from ..history import Run
from ..plan import Plan


def run(plan: Plan, client: type[AnyAdapter]) -> Run:
    """Run the plan. Raises AdapterMistake, and Livelock if the client never comes to rest.

    A synchronous client must have been imported after `threads.install`.
    """
    if issubclass(client, SynchronousAdapter):
        from .threads.world import ThreadedWorld  # greenlets only for those who need them

        history = ThreadedWorld(plan, client).run()
    else:
        assert issubclass(client, Adapter)
        from .aio.world import AsyncioWorld

        history = AsyncioWorld(plan, client).run()
    return Run(plan, client.shared, client.waits, history, client.extra, client.promises)
