"""Structures and functions of `harness.cpp`, as ctypes sees them."""

import ctypes
from pathlib import Path
from typing import Any

from rtl.counters import COUNTERS, ERRORS

__all__ = ["FINISHED", "RUNNING", "Jobs", "Shape", "Status", "load_library"]

RUNNING, FINISHED = 0, 1
"""What ``model_advance`` returns; anything else means more results than the jobs have."""


def _structure(name: str, **fields: Any) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


U64, POINTER = ctypes.c_uint64, ctypes.c_void_p
Shape = _structure(
    "Shape",
    **dict.fromkeys(
        ("command_bytes", "weight_bytes", "activation_bytes", "beat_words", "count_bits"), U64
    ),
)
Jobs = _structure(
    "Jobs",
    count=U64,
    commands=POINTER,
    weights=POINTER,
    activations=POINTER,
    activation_words=U64,
    rate_words=U64,
    rate_cycles=U64,
    results=POINTER,
    result_count=U64,
    job_ends=POINTER,
    job_flags=POINTER,
)
Status = _structure(
    "Status",
    **dict.fromkeys(
        (
            *("cycle", "last_beat", "results", "jobs"),
            *("idle", *ERRORS, *COUNTERS),
        ),
        U64,
    ),
)


def load_library(path: Path) -> ctypes.CDLL:
    """Load a library and declare its functions."""
    code = ctypes.CDLL(str(path))
    code.model_open.restype = POINTER
    code.model_close.argtypes = [POINTER]
    code.model_start.argtypes = [POINTER, POINTER]
    code.model_advance.argtypes = [POINTER, U64]
    code.model_status.argtypes = [POINTER, POINTER]
    return code
