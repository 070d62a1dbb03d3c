import dataclasses

import pytest

from rtl.decoder import WordDecoder
from rtl.geometry import WEIGHT_ENCODINGS, Geometry
from rtl.shared import emit_component
from sim.build import build
from sim.runner import run

SIMULATORS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]
WORD_BYTES = 3


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("encoding", WEIGHT_ENCODINGS)
def test_all_codes_in_all_places(encoding, simulator, build_root, tmp_path):
    geometry = Geometry(
        rows=4,
        lanes=4,
        weight_encoding=encoding,
        weight_bus_bits=8 * WORD_BYTES,
        max_k=4,
        output_bus_words=1,
    )
    verilog = emit_component(WordDecoder(geometry), "word_decoder")
    design = build(verilog, top="word_decoder", simulator=simulator, root=build_root)
    result = run(
        design,
        bench="sim.tb_decoder",
        directory=tmp_path,
        parameters={"geometry": dataclasses.asdict(geometry)},
    )
    # Bytes with an illegal code: all but 3^4 in trit2, all but 3^5 in trit5.
    illegal = {"trit2": 256 - 81, "trit5": 256 - 243}[encoding]
    assert result.data == {"words": 256 * WORD_BYTES, "illegal_words": illegal * WORD_BYTES}
