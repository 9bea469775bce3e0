"""The verdict on one page, as HTML that the MLflow UI shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

from steps.report.markdown import number

_CARD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Verdict: {{ winner }}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
  th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
  th:first-child, td:first-child { text-align: left; }
  .winner { font-weight: 600; }
  small { color: #888; overflow-wrap: anywhere; font-weight: normal; }
</style>
<h1>{{ winner }} wins</h1>
<p>{{ sentence }}</p>
<table>
  <tr><th>score</th>{% for name in models %}<th>{{ name }}</th>{% endfor %}</tr>
  <tr><td>{{ scoring }}, cross-validated</td>
  {%- for name, model in models.items() %}
    <td{% if name == winner %} class="winner"{% endif %}>{{ model.cv_mean|number }} ± {{ model.cv_std|number }}</td>
  {%- endfor %}</tr>
  {%- for metric in metrics %}
  <tr><td>holdout {{ metric }}</td>
  {%- for name, model in models.items() %}
    <td{% if name == winner %} class="winner"{% endif %}>{{ model.holdout[metric]|number }}
    {%- if model.holdout_intervals.get(metric) %}<br><small>{{ model.holdout_intervals[metric]|interval }}</small>
    {%- endif %}</td>
  {%- endfor %}</tr>
  {%- endfor %}
</table>
<table>
  <tr><th>in the folds, against {{ plain }}</th>{% for name in comparisons %}<th>{{ name }}</th>{% endfor %}</tr>
  {%- for label, figure in (("difference", "difference"), ("p of no difference", "p_value"), ("P(better)", "better"),
    ("P(equivalent)", "equivalent"), ("P(worse)", "worse")) %}
  <tr><td>{{ label }}</td>
  {%- for found in comparisons.values() %}<td>{{ found[figure]|number }}
    {%- if figure == "difference" %}<br><small>{{ (found.low, found.high)|interval }}</small>{% endif %}</td>
  {%- endfor %}</tr>
  {%- endfor %}
</table>
<p>Equivalent means that the scores differ by at most {{ rope }}. An outcome is the verdict where its probability is at
least {{ min_probability }}: here, {{ outcome }}.</p>
<table>
  <tr><th>on the holdout, against {{ plain }}</th>{% for name in comparisons %}<th>{{ name }}</th>{% endfor %}</tr>
  <tr><td>difference in {{ scoring }}</td>
  {%- for found in comparisons.values() %}<td>{{ found.holdout.difference|number }}
    <br><small>{{ (found.holdout.low, found.holdout.high)|interval }}</small></td>{% endfor %}</tr>
  <tr><td>rows that only it predicts rightly</td>
  {%- for found in comparisons.values() %}<td>{{ found.holdout.only_challenger_right }}</td>{% endfor %}</tr>
  <tr><td>rows that only {{ plain }} does</td>
  {%- for found in comparisons.values() %}<td>{{ found.holdout.only_baseline_right }}</td>{% endfor %}</tr>
  <tr><td>p of no difference (McNemar)</td>
  {%- for found in comparisons.values() %}<td>{{ found.holdout.mcnemar_p_value|number }}</td>{% endfor %}</tr>
</table>
<p>Below a figure stands its 95 % interval. Those of the holdout come from 2,000 bootstrap samples of its rows, the same
rows for all models.</p>
<table>
  <tr><th>model</th><th>candidates</th><th>chosen hyperparameters</th></tr>
  {%- for name, model in models.items() %}
  <tr><td>{{ name }}</td><td>{{ model.candidates }}</td>
    <td>{% for key, value in model.best.items() %}{{ key }}={{ value }}
    {% endfor %}</td></tr>
  {%- endfor %}
</table>
<p>A cross-validated score is that of the model's best candidate, on the folds that chose it: of more candidates the
best one is a little luckier, which favours the larger grid. The holdout had no say in the choice.</p>
<small>Target {{ target }}; data fingerprint {{ data_fingerprint }}</small>
</html>
"""


def score_table(verdict: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table of the models' scores, cross-validated and on the holdout."""
    scoring = verdict["scoring"]
    rows = [
        [name, f"{number(found['cv_mean'])} ± {number(found['cv_std'])}", number(found["holdout"][scoring])]
        for name, found in verdict["models"].items()
    ]
    return ["model", f"{scoring}, cross-validated", "holdout"], rows


def verdict_card(verdict: Mapping[str, Any]) -> str:
    """Return the card of a verdict, as evaluate writes it to verdict.json; all texts are escaped."""
    plain = next(iter(verdict["models"]))
    metrics = list(verdict["models"][plain]["holdout"])
    environment = Environment(autoescape=True)
    environment.filters["number"] = number
    environment.filters["interval"] = lambda bounds: " to ".join(number(bound) for bound in bounds)
    return environment.from_string(_CARD).render(verdict, metrics=metrics, plain=plain)
