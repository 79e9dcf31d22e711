"""What a mutant is: the reference with one fault planted, named after what it breaks."""

from typing import Final, NamedTuple

# The adapter that shows the fault.
POOL: Final = "asyncio pool"
MULTIPLEXER: Final = "asyncio multiplexer"
THREADED_POOL: Final = "threaded pool"
THREADED_MULTIPLEXER: Final = "threaded multiplexer"


class Edit(NamedTuple):
    """In that module of the reference ("aio.pool"), or of the suite ("conformance.witness.gate"), this text
    becomes that."""

    module: str
    before: str
    after: str


class Mutant(NamedTuple):
    """A planted fault. `breaks`: the requirement that must notice. `like`: a real bug of the kind."""

    name: str
    variant: str
    breaks: str
    edits: tuple[Edit, ...]
    like: str = ""
