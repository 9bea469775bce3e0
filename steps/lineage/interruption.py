"""One way to end: SIGINT, SIGTERM, SIGHUP and the death of the launcher all become one KeyboardInterrupt."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

import psutil

from steps.lineage import launcher

EXIT_CODE = 130
GRACE_SECONDS = 5.0
"""How long a process may take to unwind before it is ended the hard way; fits that run in threads can't be stopped."""

_POLL_SECONDS = 0.5
_interrupted = threading.Event()
_held_back = threading.Event()
_lost = threading.Event()
"""Set from when Python dropped the interruption until it is raised again."""
_AGAIN_SECONDS = 0.05


def install(last_words: Callable[[], None]) -> None:
    """Arm this process; to be called once, from its main thread.

    Parameters
    ----------
    last_words
        What is left to do when the process has not unwound in time; called from a thread of its own.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Ignored means that somebody wants it so: nohup, or a shell that put the command into the background.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, partial(_interrupt, last_words))
    sys.unraisablehook = _say_or_interrupt_again
    if launcher.ancestors():
        threading.Thread(target=_watch_launcher, daemon=True).start()


def _interrupt(last_words: Callable[[], None], number: int, frame: FrameType | None) -> None:
    # Ctrl-C in a terminal and MLflow's own clean-up make two or three signals of one; the first counts.
    if not _interrupted.is_set():
        _interrupted.set()
        # Of a query that is broken off it logs tracebacks, which tell nobody anything.
        logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL)
        threading.Thread(target=_end_the_hard_way, args=[last_words], daemon=True).start()
    elif not _lost.is_set():
        return
    _lost.clear()
    if not _held_back.is_set():
        raise KeyboardInterrupt


def _say_or_interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    # Python drops what is raised in a finaliser or a weak reference's callback, where a signal may well come.
    if unraisable.exc_type is KeyboardInterrupt and _interrupted.is_set():
        _lost.set()
        threading.Timer(_AGAIN_SECONDS, os.kill, [os.getpid(), signal.SIGTERM]).start()
    else:
        sys.__unraisablehook__(unraisable)


def has_come() -> bool:
    """Return whether this process was interrupted, and only unwinds."""
    return _interrupted.is_set()


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Let an interruption wait for the end of what can't be done again when it is half done, such as an import."""
    _held_back.set()
    try:
        yield
    finally:
        _held_back.clear()
    if _interrupted.is_set():
        raise KeyboardInterrupt


def _watch_launcher() -> None:
    while not launcher.is_gone():
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_the_hard_way(last_words: Callable[[], None]) -> None:
    time.sleep(GRACE_SECONDS)
    end_children(seconds=0.0)
    speaking = threading.Thread(target=last_words, daemon=True)
    speaking.start()
    speaking.join(GRACE_SECONDS)
    os._exit(EXIT_CODE)


def end_children(seconds: float = GRACE_SECONDS + 2.0) -> None:
    """Ask all processes below this one to end; kill those that are still there after `seconds`."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(children, timeout=seconds)
    for child in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
