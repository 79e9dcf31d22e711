"""Values of JSON data, checked as they are read; raises TypeError or ValueError, which say what is wrong."""

import math
from typing import cast


def a_list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("must be a list")
    return cast(list[object], value)


def a_whole(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or value < least:
        raise ValueError(f"must be a whole number from {least} upwards")
    return value


def a_limit(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError("must be null, or a number from 0 upwards")
    return value


def a_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def a_truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value
