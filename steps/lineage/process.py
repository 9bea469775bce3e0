"""Which process does a run, and whether that one is certainly gone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import uuid
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

import psutil

PROCESS_TAG = "grove.process"
"""Of each run of an entry point, and of its candidates: `this_process`."""

_IS_LINUX = platform.system() == "Linux"
_PROC = Path("/proc")
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_MACHINES_OWN = "pid:[4026531836]"
"""Linux's first PID namespace, which has this number on every machine; a container has one of its own."""
_MULTICAST = 1 << 40
"""A bit that no card's address has; what is made up at random where there is no card has it (RFC 9562, 6.10)."""
_ENDED = ""
_STATE, _START = 0, 19
"""Positions in /proc/<pid>/stat after the name, which may hold anything; see proc(5)."""


@dataclass(frozen=True)
class Place:
    """Where a process number means one process at a time.

    Attributes
    ----------
    machine
        A digest of the machine's own ID, which is nobody's business, and its name.
    boot
        On Linux a UUID of this boot. Elsewhere empty: a start there is a moment, which no other boot has.
    namespace
        On Linux the PID namespace: containers share machine and boot, but not their process numbers.
    card
        On Linux a digest of the machine's ID and a network card's address, for what another boot has left, as
        copies of a disk share ID and name. Empty where there is no card.
    """

    machine: str
    boot: str
    namespace: str
    card: str


@cache
def this_place() -> Place | None:
    """Return where this process runs; None if the system does not tell."""
    if not _IS_LINUX:
        return Place(_digest(platform.node(), str(uuid.getnode())), "", "", "")
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str((_PROC / "self/ns/pid").readlink())
        is_own = str((_PROC / "self").readlink()) == str(os.getpid())
    except OSError:
        return None
    if not is_own:  # then /proc is that of another namespace, whose numbers are others
        return None
    machine = _machine_id() or boot
    return Place(_digest(machine, platform.node()), boot, namespace, _card(machine))


def _card(machine: str) -> str:
    address = uuid.getnode()
    return "" if address & _MULTICAST else _digest(machine, str(address))


def _machine_id() -> str:
    for path in _MACHINE_IDS:
        try:
            found = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if len(found) == 32:  # not empty or `uninitialized`
            return found
    return ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(("grove", *parts)).encode()).hexdigest()[:16]


def this_process() -> str | None:
    """Return this process's place, number and start in one line; None if the system does not tell them."""
    place, start = this_place(), _start(os.getpid())
    return None if place is None or not start else " ".join((*astuple(place), str(os.getpid()), start))


def process_tag() -> dict[str, str]:
    """Return the tag of a run that this process does; none where there is no way to tell processes apart."""
    process = this_process()
    return {PROCESS_TAG: process} if process is not None else {}


def is_gone(process: str, began: float) -> bool:
    """Return whether a process has certainly ended; False for what can't be known, such as one of another machine.

    Parameters
    ----------
    process
        As `this_process` returned it there.
    began
        When it was there for certain, in seconds since 1970.
    """
    here = this_place()
    try:
        machine, boot, namespace, card, pid, start = process.split(" ")
        number = int(pid)
    except ValueError:
        return False
    if here is None or machine != here.machine or not 0 < number < 1 << 31:
        return False
    if boot != here.boot:
        # Only of the machine itself, as containers of many machines may have one ID and name. A copy of it that kept
        # both has another card, and betrays itself by what it began after this boot.
        is_own = namespace == here.namespace == _MACHINES_OWN and card == here.card != ""
        return is_own and began < psutil.boot_time()
    # A namespace's number is free for another one only when all of its processes have ended.
    return namespace == here.namespace and _start(number) not in (None, start)


def _start(pid: int) -> str | None:
    """Return when a process started, in a form that the wall clock does not change; None if that can't be known.

    Empty if it has ended; it has, too, if nobody has asked for its exit code yet.
    """
    try:
        if not _IS_LINUX:
            process = psutil.Process(pid)
            return _ENDED if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
        with contextlib.suppress(PermissionError):  # then it is there, and another user's
            os.kill(pid, 0)
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return _ENDED if stat[_STATE] in "ZX" else stat[_START]
    except (ProcessLookupError, psutil.NoSuchProcess):
        return _ENDED
    except (OSError, IndexError, psutil.Error):  # such as a file in /proc that is hidden
        return None
