"""Where fits may be done: the names for it."""

from __future__ import annotations

from urllib.parse import urlsplit

LOCAL = "local"


def check_compute(compute: str) -> None:
    """Raise ValueError unless this is `local` or the address of a Dask scheduler."""
    address = urlsplit(compute)
    try:
        is_address = address.scheme == "tcp" and bool(address.hostname) and address.port is not None
    except ValueError:
        is_address = False
    if compute != LOCAL and not is_address:
        raise ValueError(
            f"Got compute={compute!r}, expected local or the address of a Dask scheduler, tcp://host:8786."
        )
