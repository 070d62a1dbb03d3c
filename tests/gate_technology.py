"""A technology with gates whose figures are easy to multiply by hand."""

from copy import deepcopy

STEP = {
    "digits": {"new_fj": 2, "same_fj": 1},
    "uniform": {"new_fj": 4, "same_fj": 2},
    "relu2": {"new_fj": 3, "same_fj": 1.5},
}


def term(group, count, factor=1.0, **only):
    """Return a term: `factor` times an area of 1, a leakage of 2, a clock of 3, and `STEP`."""
    return {
        "group": group,
        "count": count,
        **only,
        "area_um2": factor,
        "leakage_nw": 2 * factor,
        "clock_fj": 3 * factor,
        "step_fj": {
            stream: {kind: value * factor for kind, value in energies.items()}
            for stream, energies in STEP.items()
        },
    }


GATES = {
    "provenance": {
        "library": "hand",
        "files": ["hand.lib"],
        "sha256": "0",
        "voltage_v": 1.0,
        "temperature_c": 25.0,
        "tools": {"yosys": "by hand"},
        "date": "2026-01-31",
        "clock_mhz": 500.0,
    },
    "operands": {
        stream: {"source": "by hand", "zero_fraction": zeros}
        for stream, zeros in {"digits": 0.3, "uniform": 0.25, "relu2": 0.35}.items()
    },
    "ascending": ["digits", "relu2", "uniform"],
    "zero_slopes": {
        "adder tree": {"new": -1.0, "same": -0.5},
        "lane select": {"new": 0.0, "same": 0.0},
        "accumulator": {"new": 0.0, "same": 0.0},
        "tile registers": {"new": 0.0, "same": 0.0},
        "activation register": {"new": 0.0, "same": 0.0},
        "weight decoder": {"new": -2.0, "same": 0.0},
    },
    "terms": [
        term("adder tree", "rows * tree_add_bits"),
        term("lane select", "rows * lanes", 0.5),
        term("accumulator", "rows * accumulator_bits * max_tokens", 0.25),
        term("tile registers", "tile_trits", 0.125),
        term("activation register", "activation_word_bits", 2.0),
        term("weight decoder", "decoded_trits", 1.0, weight_encoding="trit5"),
        term("weight decoder", "decoded_trits", 0.5, weight_encoding="trit2"),
    ],
    "arrays": [
        {
            "rows": 4,
            "lanes": lanes,
            "weight_encoding": "trit5",
            "weight_bus_bits": 64,
            "max_tokens": 8,
            "max_k": 1024,
            "tree_register_every": 2,
            "lane_style": "select",
            "fmax_mhz_by_part": {"row": mhz, "loader": 1.0},
            "netlists_sha256": {"row": "0"},
        }
        for lanes, mhz in ((8, 800.0), (32, 600.0))
    ],
}


def technology(**changes):
    """Return the keys of the technology, those of its gates changed."""
    return {"base": "jouppi7", "gates": {**deepcopy(GATES), **changes}}
