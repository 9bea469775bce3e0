from __future__ import annotations

import pytest

from steps.registry.options import check_name


@pytest.mark.parametrize("name", ["grove", "my model", "v1.2-x_y", "модель"])
def test_names_that_a_uri_carries(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "a@b", "a'b", "a%", " a", "a\nb", "$(x)"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Got model_name="):
        check_name(name)
