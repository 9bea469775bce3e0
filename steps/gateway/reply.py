"""What a server answered to one request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

_LONGEST = 1 << 31


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return what the JSON says, None if it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    def detail(self) -> Any:
        """Return what a gateway, or a provider behind it, says of its error; None if it says nothing of its own."""
        said = self.json()
        return (said.get("detail") or said.get("error")) if isinstance(said, dict) else None

    def retry_after(self) -> float:
        """Return for how many seconds the server asks to be left alone, 0 if it does not say."""
        try:
            return Retry(retry_after_max=_LONGEST).parse_retry_after(self.headers.get("Retry-After", "0"))
        except InvalidHeader:
            return 0.0
