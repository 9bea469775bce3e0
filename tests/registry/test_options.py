from __future__ import annotations

import click
import pytest

from steps.registry.options import GATE_OPTIONS, ROLLBACK_OPTIONS, check_name


@pytest.mark.parametrize("name", ["grove", "my model", "v1.2-x_y", "модель"])
def test_names_that_a_uri_carries(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "a@b", "a'b", "a%", " a", "a\nb", "$(x)", "a" * 201])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"Got model_name="):
        check_name(name)


def test_a_number_or_nothing() -> None:
    convert = GATE_OPTIONS["min_score"].convert
    assert (convert("", None, None), convert(" ", None, None), convert("-0.5", None, None)) == (None, None, -0.5)
    for bad in ("high", "nan", "inf"):
        with pytest.raises(click.BadParameter, match=f"^Got '{bad}', expected a number such as 0.7, or nothing"):
            convert(bad, None, None)


@pytest.mark.parametrize(("name", "bad"), [("to", "v3"), ("to", "0"), ("to", "-1"), ("why", " "), ("why", "x" * 1001)])
def test_what_a_rollback_refuses(name: str, bad: str) -> None:
    with pytest.raises(click.UsageError, match=rf"^Got {name}=.*expected "):
        ROLLBACK_OPTIONS[name].convert(bad, None, None)
    for good in {"to": ("", "12"), "why": ("it looks odd",)}[name]:
        assert ROLLBACK_OPTIONS[name].convert(good, None, None) == good
