"""From a geometry to Verilog text and a description of its ports: the one place that does it."""

import dataclasses
import hashlib

from rtl.accelerator import Accelerator
from rtl.shared import SharedModules, emit_component

__all__ = ["emit"]

_DERIVED = (
    "macs_per_cycle",
    "word_trits",
    "words_per_tile",
    "tile_bytes",
    "bits_per_weight",
    "activation_word_bits",
    "activation_depth",
    "activation_store_bits",
    "accumulator_bits",
    "beats_per_vector",
    "result_slots",
)
_LATENCIES = ("tree_latency", "result_latency")


def emit(geometry, name="bitnet_accelerator"):
    """Return the Verilog of an accelerator, and its description as a JSON-ready mapping.

    The description holds the ports with direction, width and signedness (a struct is one port for each
    stream payload; `fields` names its parts), the geometry with what derives from it, the latencies in
    cycles, and the SHA-256 digest of the Verilog.
    """
    component = Accelerator(geometry)
    shared = SharedModules(name)
    top = emit_component(component, name, platform=shared)
    text = shared.verilog + top
    return text, {
        "name": name,
        "geometry": dataclasses.asdict(geometry),
        "derived": {key: getattr(geometry, key) for key in _DERIVED},
        "latencies_cycles": {key: getattr(geometry, key) for key in _LATENCIES},
        "interface": component.metadata.as_json()["interface"],
        "verilog_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
