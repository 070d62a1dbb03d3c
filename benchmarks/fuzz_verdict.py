"""What a parser may do with an input: accept it, or refuse it in a sentence. Else: a finding."""

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fuzz_targets import Target
from bitnet_hw.errors import BitnetHwError

__all__ = ["Finding", "judge", "nothing_is_run", "watch_what_is_run"]

# Python itself imports it when it meets the first name that is not ASCII.
importlib.import_module("unicodedata")

_LONGEST_MESSAGE = 2000

# No parser has a reason to do these things, whatever it is fed.
_FORBIDDEN = (
    *("exec", "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen"),
    *("socket.connect", "socket.getaddrinfo", "pickle.find_class", "marshal.loads", "import"),
    *("os.remove", "os.rename", "shutil.rmtree", "webbrowser.open", "ctypes.dlopen"),
)


@dataclass(frozen=True)
class Finding:
    """An input that was neither accepted nor refused properly.

    Parameters
    ----------
    parser : str
        Name of the target.
    reason : str
        What happened, one line; findings with the same reason count as one.
    details : str
        Traceback, or the same line.
    content : bytes
        The input.
    """

    parser: str
    reason: str
    details: str
    content: bytes


class _Forbidden(BaseException):
    """Something was done that input must never cause; no handler of Exception stops it."""


_guarded = False


def watch_what_is_run() -> None:
    """Have this process look at what is run; a hook cannot be taken away again."""
    sys.addaudithook(_audit)


@contextmanager
def nothing_is_run() -> Iterator[None]:
    """Make it a finding if code, a program or a socket is used inside."""
    global _guarded
    _guarded = True
    try:
        yield
    finally:
        _guarded = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _guarded and event in _FORBIDDEN:
        raise _Forbidden(f"{event} {arguments!r:.200}")


def judge(target: Target, content: bytes, folder: Path) -> Finding | bool | None:
    """Return True if an input is accepted, None if it is refused in a sentence, else a finding."""
    try:
        target.feed(content, folder)
    except BitnetHwError as error:
        text = str(error)
        if len(text) <= _LONGEST_MESSAGE and text.isprintable():
            return None
        what = "is too long" if text.isprintable() else "has control characters"
        return Finding(target.name, f"message {what}: {_place(error)}", text, content)
    # A panic of a library in Rust is no Exception.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        reason = f"{type(error).__name__}: {_place(error)}"
        details = "".join(traceback.format_exception(error)[-40:])
        return Finding(target.name, reason, details, content)
    return True


def _place(error: BaseException) -> str:
    """Return the innermost line of ours that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "bitnet_hw" in frame.filename]
    last = (ours or list(frames))[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
