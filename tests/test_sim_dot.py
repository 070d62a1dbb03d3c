import dataclasses

import pytest

from rtl.geometry import Geometry
from rtl.shared import emit_component
from sim.build import build
from sim.errors import BenchFailed
from sim.runner import run
from tests.prepared_dot import PreparedDot

SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]
VECTORS = 500


def geometry(lanes, register_every, style="biased"):
    return Geometry(
        lane_style=style,
        rows=1,
        lanes=lanes,
        weight_bus_bits=8,
        max_k=lanes,
        output_bus_words=1,
        tree_register_every=register_every,
    )


def check(geometry, tests, simulator, build_root, directory, latency=None):
    component = PreparedDot(geometry)
    verilog = emit_component(component, "dot_product")
    design = build(verilog, top="dot_product", simulator=simulator, root=build_root)
    return run(
        design,
        bench="sim.tb_dot",
        tests=tests,
        directory=directory,
        parameters={
            "geometry": dataclasses.asdict(geometry),
            "latency": component.latency if latency is None else latency,
            "vectors": VECTORS,
        },
    ).data


# Registers after every level, and none at all.
@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("register_every", [1, 3])
def test_all_weights_with_extreme_activations(register_every, simulator, build_root, tmp_path):
    small = geometry(3, register_every)
    assert check(small, ["exhaustive"], simulator, build_root, tmp_path) == {
        "exhaustive": 6**3 * 3**3
    }


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize(
    ("lanes", "register_every", "style"),
    [
        (1, 1, "biased"),
        (21, 2, "biased"),
        (21, 2, "select"),
        (21, 3, "compressed"),
        (21, 2, "paired"),
        (22, 2, "tripled"),
    ],
)
def test_extremes_and_random_vectors(lanes, register_every, style, simulator, build_root, tmp_path):
    wide = geometry(lanes, register_every, style)
    tests = ["extremes", "random_vectors"]
    assert check(wide, tests, simulator, build_root, tmp_path) == {
        "extremes": 3 * (2 + 2 * lanes),
        "random_vectors": VECTORS,
    }


def test_a_wrong_latency_is_found(build_root, tmp_path):
    message = r"(?s)^sim\.tb_dot on verilator .*exhaustive: vector 0: expected .*, got "
    with pytest.raises(BenchFailed, match=message):
        check(geometry(3, 1), ["exhaustive"], "verilator", build_root, tmp_path, latency=2)
