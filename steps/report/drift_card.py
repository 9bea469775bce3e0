"""How scored rows differ from the training rows, on one page, as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

from steps.report.markdown import number
from steps.table.drift import LARGE, MODERATE

_CARD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Drift of {{ source }}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
  th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
  th:first-child, td:first-child { text-align: left; }
  .moderate, .large { font-weight: 600; }
  .large { color: #c92a2a; }
  @media (prefers-color-scheme: dark) { .large { color: #ff8787; } }
  small { color: #888; overflow-wrap: anywhere; }
</style>
<h1>Drift</h1>
<p>{{ sentence }}</p>
{%- if notes %}
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
{%- endif %}
<table>
  <tr>{% for name in column_head %}<th>{{ name }}</th>{% endfor %}</tr>
  {%- for row in column_rows %}
  <tr class="{{ columns[loop.index0].level }}">{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
  {%- endfor %}
</table>
<table>
  <tr><th>class</th><th>of the training rows</th><th>of the predictions</th></tr>
  {%- for share in classes.shares %}
  <tr><td>{{ share.name }}</td><td>{{ share.before|percent }}</td><td>{{ share.predicted|percent }}</td></tr>
  {%- endfor %}
</table>
<p>Stability index of the classes: {{ classes.psi|number }}, by chance up to {{ classes.chance|number }}.</p>
{%- if metrics %}
<table>
  <tr><th>metric</th><th>on {{ "{:,}".format(labelled) }} rows with a label</th></tr>
  {%- for name, value in metrics.items() %}
  <tr><td>{{ name }}</td><td>{{ value|number }}</td></tr>
  {%- endfor %}
</table>
<p>Areas under curves need all rows at once and are left out.</p>
{%- endif %}
<p>The population stability index (PSI) compares how often values fall into the bins of the training rows: tenths of
numbers and dates, each category, and what is missing. Without any change, 95 % of such samples stay below the figure
under <em>by chance</em>. Above it, an index is customarily called moderate from {{ moderate }} and large from
{{ large }}; that is a rule of thumb, no test.</p>
<small>Model {{ model }}</small>
</html>
"""


def percent(share: float | None) -> str:
    """Return a share in percent; a dash where there is none."""
    return "–" if share is None else f"{share:.2%}"


def column_table(columns: list[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of all columns' drift."""
    head = ["column", "PSI", "by chance", "drift", "missing in training", "missing now", "unknown categories"]
    rows = [
        [
            column["name"],
            number(column["psi"]),
            number(column["chance"]),
            column["level"],
            percent(column["missing_before"]),
            percent(column["missing"]),
            percent(column["unknown"]),
        ]
        for column in columns
    ]
    return head, rows


def drift_card(content: Mapping[str, Any]) -> str:
    """Return the card of what score writes to drift.json; all texts are escaped."""
    environment = Environment(autoescape=True)
    environment.filters.update(number=number, percent=percent)
    head, rows = column_table(content["columns"])
    return environment.from_string(_CARD).render(
        content, column_head=head, column_rows=rows, moderate=MODERATE, large=LARGE
    )
