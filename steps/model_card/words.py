"""The words that a card's sentences may have: those that claim nothing, and those that claim something.

It is a closed world: a word that is in neither list is not supported by any evidence. A claim is known by one word for
all its synonyms.
"""

from __future__ import annotations

_EMPTY = """
a an the of on in at for by with to from is are was were be been being has have had it its this that these those which
as there here their they than where between such also evaluation reach reaches reached achieve achieves achieved
attain attains attained obtain obtains obtained get gets got give gives given gave show shows shown say says said
state states stated yield yields yielded stand stands amount amounts equals come comes came lie lies ranges range
contain contains contained consist consists comprise comprises include includes including hold holds call called name
named denote make made take taken describe describes described measure measured measures compute computed evaluate
evaluated evaluates assess assessed tested tests estimate estimated find found observe observed record records recorded
do does did about approximately roughly around value values figure figures number numbers overall result results
resulting respect terms term namely total card document section point following set sets side sides part based basis
done via belong belongs become becomes remain remains what asked goes go share shares
"""
EMPTY = frozenset(_EMPTY.split())
"""Words that claim nothing by themselves."""

_SYNONYMS = {  # a hyphen is written for a space
    "model": "model classifier predictor estimator",
    "version": "version",
    "reason": "reason reasons",
    "models": "models candidates-models contestants",
    "forest": "forest forests random-forest random-forests",
    "kmeans": "k-means kmeans k-means-clustering cluster-features",
    "plain": "plain baseline simpler simple plainer",
    "both": "both two-models",
    "rows": "row rows observations observation instances examples cases",
    "data": "data dataset data-set data-sets table",
    "columns": "column columns variable variables",
    "features": "feature features input inputs predictors",
    "used": "use used uses using",
    "numeric": "numeric numerical",
    "date": "dates date",
    "categorical": "categorical category categories",
    "left out": "left-out leaves-out left-aside dropped excluded ignored omitted unused",
    "missing": "missing absent lacking",
    "target": "target label outcome-variable response",
    "predict": "predict predicts predicted predicting prediction predictions",
    "classes": "class classes labels",
    "slices": "slice slices subgroup subgroups",
    "score": "score scores scored performance",
    "interval": "interval intervals ci",
    "confidence": "confidence bootstrap bootstrapped credible",
    "std": "standard-deviation deviation std sd",
    "mean": "mean average averaged averages",
    "difference": "difference differences",
    "differ": "differ differs difference-between",
    "no difference": "no-difference",
    "probability": "probability probabilities chance",
    "p": "p-value p-values",
    "mcnemar": "mcnemar mcnemar's",
    "better": "better improves improve outperforms outperform beats beat superior exceeds surpasses",
    "worse": "worse inferior underperforms harms hurts harm hurt",
    "help": "help helps helped helpful benefit benefits",
    "equivalent": "equivalent equivalence",
    "practical": "practically practical",
    "undecided": "undecided not-decided not-established not-clear unclear inconclusive not-settled unsettled "
    "not-conclusive not-determined undetermined no-decision not-resolved unresolved not-been-decided "
    "not-been-established cannot-be-decided can-not-be-decided not-yet-decided not-certain uncertain",
    "established": "established decided",
    "whether": "whether which-model which-of-the-models which-of-the-two-models which-of-them",
    "outcome": "outcome verdict conclusion",
    "comparison": "compare compared compares comparison comparisons comparing",
    "winner": "winner wins won win winning",
    "registered": "registered",
    "registered as": "registered-as registered-under",
    "champion": "champion",
    "chosen": "choose chooses chose chosen choice choosing select selects selected selecting selection picked picks",
    "lowest": "lowest worst weakest poorest",
    "highest": "highest best strongest",
    "few": "too-few",
    "no say": "no-say",
    "folds": "fold folds",
    "candidates": "candidate candidates configurations combinations",
    "search": "search searched tried grid",
    "hyperparameter": "hyperparameter hyperparameters parameter parameters setting settings",
    "seed": "seed",
    "gate": "gate gates",
    "passed": "passed passes pass passing fulfilled met meets satisfied",
    "failed": "failed fails fail not-passed missed misses not-met",
    "not asked": "not-asked not-requested",
    "alias": "alias",
    "commit": "commit revision",
    "repository": "repository source-code repo",
    "fingerprint": "fingerprint",
    "python": "python",
    "package": "package packages library libraries",
    "run": "run runs",
    "type": "type types typed",
    "sample": "sample sampled subset drawn",
    "only": "only solely alone",
    "all": "all every",
    "right": "right rightly correct correctly",
    "rope": "rope region-of-practical-equivalence",
    "not": "not no never none neither nor without cannot n't don't doesn't isn't aren't wasn't weren't didn't "
    "hasn't haven't can't non",
    "unsaid": "not-recorded unknown not-known not-said not-stated not-documented unrecorded unspecified not-specified "
    "not-told not-given not-described not-reported not-in-the-evidence undocumented nothing-is-recorded-of",
    "purpose": "purpose purposes intended intend intention use-case use-cases application applications meant",
    "users": "user users who people whom audience",
    "collection": "collected collection gathered how-the-rows-were-collected sampled-from",
    "ethics": "ethical ethics harm-to-people risk risks harms impact fairness",
    "groups": "group groups demographic population populations",
    "future": "future later new other elsewhere",
    "report": "report reports reported reporting",
    "split": "split splits divided division",
    "content": "content contents",
    "trained": "trained train trains fit fitted fits",
    "check": "check checks gate-check gate-checks",
    "add": "add adds added adding",
}
PARTS = {
    "holdout": "holdout hold-out held-out test test-set test-data test-split holdout-data holdout-set held-out-data "
    "held-out-set hold-out-set evaluation-set evaluation-data",
    "cross-validated": "cross-validated cross-validation crossvalidation crossvalidated cross-validating",
    "training": "training training-data training-set training-split",
}
"""The parts of the data that a figure may be of, and their synonyms."""

SEPARATORS = frozenset(
    ("and", "but", "while", "whereas", "against", "versus", "vs", "with", "compared-with", "compared-to")
)
"""Words after which a clause of its own may begin."""

NOUNS = frozenset(["rows", "columns", "features", "classes", "slices", "folds", "candidates", "models", "package"])
"""Claims that are counted."""

DIRECTIONS = frozenset(["better", "worse", "help", "equivalent"])
"""Claims that one model is something to another."""

_VERBS = """
is are was were be has have had do does did reach reaches reached achieve achieves achieved attain attains attained
obtain obtains obtained get gets got give gives gave show shows shown say says said yield yields yielded stand stands
equals come comes came lie lies ranges goes asked remains contain contains contained consists comprises include
includes holds measures evaluate evaluates use uses used predict predicts predicted differ differs compare compares
compared score scores scored win wins won choose chooses chose add adds added pass passes passed fail fails failed
help helps helped beat beats outperforms improves exceeds hurts harms leaves report reports reported train trains
trained selected
"""
VERBS = frozenset(_VERBS.split())
"""Words of which a statement has one."""

POINTING = frozenset(("it", "its", "they", "their", "theirs", "this", "that", "these", "those"))
"""Words that begin a sentence which is about what the one before was about; that may be another model."""

QUESTIONS = frozenset(("is", "are", "was", "were", "has", "have", "had", "do", "does", "did"))
"""Words that a question begins with."""

ALWAYS = frozenset((("word", "model"), ("word", "report")))
"""What any sentence may speak of."""


def _spread(synonyms: dict[str, str], kind: str) -> dict[tuple[str, ...], tuple[str, str]]:
    each = ((word, (kind, claim)) for claim, words in synonyms.items() for word in words.split())
    return {tuple(word.split("-")): atom for word, atom in each}


PHRASES = _spread(_SYNONYMS, "word") | _spread(PARTS, "part")
"""What words claim, in lower case, one or several; those with a hyphen are two."""
