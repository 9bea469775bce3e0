"""The verdict on one page, as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

_CARD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Verdict: {{ winner }}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
  th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
  th:first-child, td:first-child { text-align: left; }
  .winner { font-weight: 600; }
  small { color: #888; overflow-wrap: anywhere; }
</style>
<h1>{{ winner }} wins</h1>
<p>{{ sentence }}</p>
<table>
  <tr><th>model</th><th>{{ scoring }}, cross-validated</th>
  {%- for metric in metrics %}<th>holdout {{ metric }}</th>{% endfor %}</tr>
  {%- for name, model in models.items() %}
  <tr{% if name == winner %} class="winner"{% endif %}><td>{{ name }}</td>
    <td>{{ "%.4f"|format(model.cv_mean) }} ± {{ "%.4f"|format(model.cv_std) }}</td>
    {%- for metric in metrics %}<td>{{ "%.4f"|format(model.holdout[metric]) }}</td>{% endfor %}</tr>
  {%- endfor %}
</table>
<table>
  <tr><th>model</th><th>chosen hyperparameters</th></tr>
  {%- for name, model in models.items() %}
  <tr><td>{{ name }}</td><td>{% for key, value in model.best.items() %}{{ key }}={{ value }} {% endfor %}</td></tr>
  {%- endfor %}
</table>
<small>Target {{ target }}; data fingerprint {{ data_fingerprint }};
{% for name, model in models.items() %}{{ name }}: run {{ model.run_id }} {% endfor %}</small>
</html>
"""


def verdict_card(verdict: Mapping[str, Any]) -> str:
    """Return the card of a verdict, as evaluate writes it to verdict.json; all texts are escaped."""
    metrics = list(next(iter(verdict["models"].values()))["holdout"])
    return Environment(autoescape=True).from_string(_CARD).render(verdict, metrics=metrics)
