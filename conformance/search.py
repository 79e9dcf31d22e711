"""Searching with storms: many of them, and the shortest one that shows what was found.

Hypothesis generates and shrinks the bytes that a storm is made from. Bytes choose among what a model allows,
so a byte taken away changes the meaning of those behind it, and some steps stay that nothing needs; those are
then taken out of the plan itself, stretch by stretch, as long as what is left still shows the failure.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky

from .adapter import AnyAdapter
from .plan import Plan
from .storm import storms


def visit_storms(visit: Callable[[Plan], None], client: type[AnyAdapter], seed: int, count: int) -> None:
    """Call `visit` with `count` storms; the same seed gives the same ones."""
    _generate(visit, client, seed, count, Phase.generate)


def shortest_storm(
    breaks: Callable[[Plan], bool], client: type[AnyAdapter], seed: int, count: int
) -> Plan | None:
    """The first of those storms for which `breaks` holds, made as short as possible."""
    found: Plan | None = None

    def visit(plan: Plan) -> None:
        nonlocal found
        if breaks(plan):
            found = plan
            raise _Broken

    with suppress(_Broken, Flaky):
        _generate(visit, client, seed, count, Phase.generate, Phase.shrink)
    return without_needless_steps(found, breaks) if found else None


def without_needless_steps(plan: Plan, breaks: Callable[[Plan], bool]) -> Plan:
    """The plan without any stretch of steps, the longest first, that it breaks without as well."""
    length = len(plan.steps) // 2
    while length:
        start = 0
        while start < len(plan.steps):
            shorter = replace(plan, steps=plan.steps[:start] + plan.steps[start + length :])
            if breaks(shorter):
                plan = shorter
            else:
                start += length
        length //= 2
    return plan


def _generate(
    visit: Callable[[Plan], None], client: type[AnyAdapter], seed: int, count: int, *phases: Phase
) -> None:
    configured = settings(
        max_examples=count,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        verbosity=Verbosity.quiet,
    )
    seeded(seed)(configured(given(storms(client))(visit)))()


class _Broken(Exception):
    """A storm broke what is being looked for."""
