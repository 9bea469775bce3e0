"""The prompt in MLflow's Prompt Registry: what `production` is there counts, as a team may edit it.

It begins as the text of a file. A new text of the file becomes a new version; `production` moves to that only from a
version that was the file's too, so that nobody's edit is taken back.
"""

from __future__ import annotations

import hashlib
import logging
import time

import mlflow
from mlflow.entities.model_registry import PromptVersion
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY

from steps.gateway.failures import NoAnswerError
from steps.gateway.model_card_prompt import FILE, VARIABLES
from steps.lineage.errors import one_line

NAME = "grove-model-card"
PRODUCTION = "production"
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.5
FILE_TAG = "grove.prompt.file"
"""Of a version that came from the file: the SHA-256 of its text, so that an edited copy of it counts as a team's."""


def prompt_named(asked: str) -> PromptVersion:
    """Return the prompt's version with this number or alias, after the file's text has got one.

    Raises
    ------
    ValueError
        When there is none such.
    NoAnswerError
        When the registry does not give it, or it can't be filled in.
    """
    try:
        register_file(FILE.read_text(encoding="utf-8"))
        number = _aliases().get(asked, asked)
        # Not from MLflow's own cache. It is linked to the run, and to the experiment, of which who may only read the
        # prompt gets a warning.
        logging.getLogger("mlflow.tracking.client").setLevel(logging.ERROR)
        prompt = None
        if str(number).isdecimal():
            prompt = mlflow.genai.load_prompt(
                f"prompts:/{NAME}/{number}", allow_missing=True, link_to_model=False, cache_ttl_seconds=0
            )
        if prompt is None:
            known = ", ".join(str(version.version) for version in _versions())
            raise ValueError(
                f"Got version {asked} of the prompt {NAME}, which the registry lacks; expected an alias such as "
                f"{PRODUCTION}, or one of {known}."
            )
    except MlflowException as error:
        raise NoAnswerError(f"Got no prompt {NAME} from the registry, expected it: {one_line(error)}") from error
    missing = [name for name in VARIABLES if name not in prompt.variables]
    if missing:
        raise NoAnswerError(
            f"Got version {prompt.version} of the prompt {NAME} without {{{{{missing[0]}}}}}, expected it there: edit "
            f"the prompt in the registry."
        )
    return prompt


def spoken(prompt: PromptVersion) -> str:
    """Return what the prompt and its version are called in tags and tables, such as grove-model-card/3."""
    return f"{prompt.name}/{prompt.version}"


def messages_of(prompt: PromptVersion, values: dict[str, str]) -> list[dict[str, str]]:
    """Return the prompt filled in, as messages to a model."""
    filled = prompt.format(**values)
    return filled if isinstance(filled, list) else [{"role": "user", "content": filled}]


def register_file(text: str) -> None:
    """Register the file's text if no version has it, and let `production` be that, unless a team chose otherwise."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            _register_file(text)
            break
        except MlflowException:  # such as of a prompt that another run has just made, and not yet marked as one
            if not left:
                raise
            time.sleep(_PAUSE_SECONDS)


def _register_file(text: str) -> None:
    production, known = _production(), _first_with(text)
    is_new = known is None
    if known is None:
        known = _register(text)
    if production is None or (is_new and production.tags.get(FILE_TAG) == _digest(production.template)):
        mlflow.genai.set_prompt_alias(NAME, PRODUCTION, known.version)


def _register(text: str) -> PromptVersion:
    """Return the text's new version, or if another run registers it at the same moment, the first of both."""
    tags = {FILE_TAG: _digest(text)}
    mine = mlflow.genai.register_prompt(NAME, text, commit_message=FILE.name, tags=tags)
    first = _first_with(text) or mine
    if first.version != mine.version:
        mlflow.MlflowClient().delete_prompt_version(NAME, str(mine.version))
    return first


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _production() -> PromptVersion | None:
    number = _aliases().get(PRODUCTION)
    return next((version for version in _versions() if version.version == number), None)


def _aliases() -> dict[str, int]:
    # Not one by one: a server with users lets only who may manage the prompt ask for an alias.
    is_prompt = f"tags.`{IS_PROMPT_TAG_KEY}` = 'true'"
    found = mlflow.MlflowClient().search_registered_models(f"name = '{NAME}' AND {is_prompt}")
    return {alias: int(number) for alias, number in found[0].aliases.items()} if found else {}


def _first_with(text: str) -> PromptVersion | None:
    return next((version for version in _versions() if version.template == text), None)


def _versions() -> list[PromptVersion]:
    """Return all versions, the oldest first; none if there is no such prompt."""
    found: list[PromptVersion] = []
    token = None
    try:
        while token != "":
            page = mlflow.MlflowClient().search_prompt_versions(NAME, page_token=token)
            found += page
            token = page.token or ""
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    return sorted(found, key=lambda version: int(version.version))
