"""Where a value stands in a configuration, and how it is named in messages."""

import difflib
import itertools
from collections.abc import Collection, Iterable

__all__ = ["KeyPath", "key_text", "listing", "nearest", "printable", "show", "suggestion"]

KeyPath = tuple[str | int, ...]

_SHOWN = 60
_LISTED = 30


def key_text(keys: KeyPath) -> str:
    """Return a key path as people write it: ``sweep.lanes[2]``."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{_key(key)}"
    return text.removeprefix(".")


def _key(key: str) -> str:
    """Return a key for a message: as it is, unless it is too long or not printable."""
    return key if key.isprintable() and len(key) <= _SHOWN else show(key)


def show(value: object) -> str:
    """Return a value for an error message, in a line at most, whatever it holds."""
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = repr(value) if not isinstance(value, str) else repr(value[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def printable(text: str, longest: int | None = None) -> str:
    """Return text in one line, with escapes for what would move a cursor or change its colour.

    Parameters
    ----------
    text : str
        The text, from anywhere.
    longest : int, optional
        Characters of it beyond these are left out.
    """
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}..."
    if text.isprintable():
        return text
    parts = (part if part.isprintable() else ascii(part)[1:-1] for part in text)
    return "".join(parts)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name as a question, or the list of names if none is near."""
    names = sorted(known)
    found = nearest(name, names)
    return f"did you mean {show(found)}?" if found else f"known are {listing(names)}"


def listing(names: Collection[str]) -> str:
    """Return names for a message: those that a person still reads, and how many more there are."""
    shown = ", ".join(_key(name) for name in itertools.islice(names, _LISTED))
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` is most likely a misspelling of."""
    names = sorted(known)
    started = [known_name for known_name in names if name and known_name.startswith(name)]
    found = started or difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return found[0] if found else None
