"""What redis-py and valkey-py have in common for threads."""

from typing import Any

from ..adapter import Command, SynchronousAdapter
from .redis_like import RedisLike, purpose


class RedisLikeThreads(RedisLike, SynchronousAdapter):
    """The client that blocks. It is used with gevent, whose timeouts interrupt."""

    interruptible = True

    def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis = self.client_class(connection_pool=self._pool)

    def call(self, *command: str) -> object:
        return self._redis.execute_command(*command)

    def batch(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=False)

    def transaction(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=True)

    def watch(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=True, watched=commands[0][1:])

    def _send_together(
        self, commands: tuple[Command, ...], transaction: bool, watched: Command = ()
    ) -> object:
        with self._redis.pipeline(transaction=transaction) as pipeline:
            if watched:
                pipeline.watch(*watched)
                pipeline.multi()
            for command in commands:
                pipeline.execute_command(*command)
            return pipeline.execute(raise_on_error=False)

    def borrow(self) -> object:
        return self._pool.get_connection(*purpose(self._pool))

    def use(self, borrowed: Any, *command: str) -> object:
        borrowed.send_command(*command)
        return borrowed.read_response()

    def give_back(self, borrowed: Any) -> None:
        self._pool.release(borrowed)

    def abandon(self) -> None:
        subscription: Any = self._redis.pubsub()
        subscription.execute_command("PING")
        subscription.itself = subscription

    def close(self) -> None:
        self._pool.disconnect()
