"""What commands print: data on standard output as table, JSON or CSV; all else on stderr."""

import csv
import errno
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bitnet_hw.errors import BitnetHwError
from bitnet_hw.key_path import printable

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Format", "csv_text", "json_text", "print_error", "write", "write_tables"]


class Format(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def json_text(data: Mapping[str, Any]) -> str:
    """Return data as indented JSON with a newline at the end."""
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV with a header; the first row has all keys."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_tables(parts: Iterable["Table | str"]) -> None:
    """Write tables and lines of text to standard output, in colour if it is a terminal."""
    # Imported here: JSON and CSV do without the time it takes.
    from rich.console import Console

    text = io.StringIO()
    terminal = sys.stdout.isatty()
    console = Console(file=text, force_terminal=terminal, highlight=False, markup=False)
    for part in parts:
        # Only a terminal gains from broken lines; a pipe wants paths in one piece.
        console.print(part, soft_wrap=isinstance(part, str) and not terminal)
    write(text.getvalue())


def write(text: str) -> bool:
    """Write text to standard output, completely or with an error.

    A reader who closes the pipe (``| head``) has seen enough: that is no error.

    Returns
    -------
    bool
        False if the reader has closed the pipe: more text is not worth its making.

    Raises
    ------
    BitnetHwError
        If standard output cannot be written, for example because the disk is full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _discard_output()
        if error.errno != errno.EPIPE:
            raise BitnetHwError(
                f"Standard output must be writable: {error.strerror or error}"
            ) from error
        return False
    return True


def print_error(message: str) -> None:
    """Print a message to standard error; what it quotes of a file cannot steer the terminal."""
    lines = [printable(line) for line in message.split("\n")]
    print("\n".join(lines), file=sys.stderr)


def _discard_output() -> None:
    """Keep the interpreter from failing again when it flushes standard output at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
