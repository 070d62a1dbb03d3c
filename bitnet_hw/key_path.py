"""Where a value stands in a configuration, and how it is named in messages."""

import difflib
from collections.abc import Iterable

__all__ = ["KeyPath", "key_text", "nearest", "show", "suggestion"]

KeyPath = tuple[str | int, ...]

_SHOWN = 60


def key_text(keys: KeyPath) -> str:
    """Return a key path as people write it: ``sweep.lanes[2]``."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


def show(value: object) -> str:
    """Return a value for an error message, in a line at most, whatever it holds."""
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = repr(value) if not isinstance(value, str) else repr(value[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name as a question, or the list of names if none is near."""
    names = sorted(known)
    found = nearest(name, names)
    return f"did you mean {found!r}?" if found else f"known are {', '.join(names)}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` is most likely a misspelling of."""
    names = sorted(known)
    started = [known_name for known_name in names if name and known_name.startswith(name)]
    found = started or difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return found[0] if found else None
