"""The evidence of a real run on the shipped table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from steps.model_card.facts import facts_of

SHIPPED: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
FACTS = facts_of(SHIPPED)
