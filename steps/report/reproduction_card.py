"""What came of repeating a run, on one page, as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

from steps.table.difference import TOLERANCE

_LOOKS = {"identical": ("calm", "✓"), "equal within tolerance": ("calm", "≈"), "diverged": ("warning", "✗")}
"""How each verdict looks: its class, and a sign for who sees no colours."""

_CARD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Reproduction: {{ verdict }}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
  th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
  td:last-child, p, li { overflow-wrap: anywhere; }
  td:first-child, td.mark { white-space: nowrap; }
  .mark { font-weight: 600; }
  header { border-left: .5rem solid; border-radius: .25rem; padding: .5rem 1rem; }
  header h1, header p { margin: 0; }
  header p { color: CanvasText; }
  .calm { color: #2b8a3e; }
  .warning { color: #c92a2a; }
  header.calm { background: #2b8a3e26; }
  header.warning { background: #e0313133; }
  @media (prefers-color-scheme: dark) { .calm { color: #69db7c; } .warning { color: #ff8787; } }
  small { color: #888; overflow-wrap: anywhere; }
</style>
<header class="{{ looks[verdict][0] }}">
<h1>{{ looks[verdict][1] }} {{ verdict|capitalize }}</h1>
<p>{{ sentence }}</p>
</header>
<table>
  <tr>{% for name in head %}<th>{{ name }}</th>{% endfor %}</tr>
  {%- for row in rows %}{% set step = steps[loop.index0] %}
  <tr><td>{{ row[0] }}<br><small>
    {%- for run in (step.recorded_run, step.repeated_run) %}<span title="{{ run }}">{{ run[:8] }}</span>
    {%- if loop.first %} → {% endif %}{% endfor %}</small></td>
    <td class="mark {{ looks[step.outcome][0] }}">{{ looks[step.outcome][1] }} {{ row[1] }}</td>
    {%- for cell in row[2:] %}<td>{{ cell }}</td>{% endfor %}</tr>
  {%- endfor %}
</table>
{%- for title, items in (("What may explain it", explanations), ("What differs in the environment", environment)) %}
{%- if items %}
<h2>{{ title }}</h2>
<ul>{% for item in items %}<li>{{ item }}</li>{% endfor %}</ul>
{%- endif %}
{%- endfor %}
<p>Below each step: the recorded run and the repeated one. The repetition started {{ data }}. Identical means to the
last bit; equal within tolerance, that no two numbers lie further apart than {{ tolerance }} of the larger one, or of 1
if both are smaller, and all else is the same.</p>
<small>Recorded: {{ recorded.name }}, run {{ recorded.run_id }}, {{ recorded.started }},
{% if recorded.commit %}commit {{ recorded.commit }}{% else %}no commit{% endif %}
{%- if recorded.dirty %} with changes{% endif %}{% if recorded.url %} of {{ recorded.url }}{% endif %}.
Repeated: run {{ repeated.run_id }}.</small>
</html>
"""


def step_rows(content: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of the steps, cells being any text."""
    rows = [[step["step"], step["outcome"], step["compared"], _difference(step)] for step in content["steps"]]
    return ["step", "verdict", "compared", "first difference"], rows


def _difference(step: Mapping[str, Any]) -> str:
    # Of a step that diverged the first difference need not be the largest one.
    if step["largest"] and step["outcome"] != "diverged":
        return f"largest {step['largest']:.2g}: {step['difference']}"
    return step["difference"] or "–"


def reproduction_card(content: Mapping[str, Any]) -> str:
    """Return the card of a comparison, as reproduce writes it to reproduction.json; all texts are escaped."""
    head, rows = step_rows(content)
    told = content["sentence"].removeprefix(f"{content['verdict']}: ")
    template = Environment(autoescape=True).from_string(_CARD)
    return template.render(
        {**content, "sentence": told}, head=head, rows=rows, looks=_LOOKS, tolerance=f"{TOLERANCE:g}"
    )
