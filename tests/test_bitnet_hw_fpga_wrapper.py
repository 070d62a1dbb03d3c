# amaranth: UnusedElaboratable=no
"""The wrapped accelerator still computes: jobs go in and come out through its pins, bit by bit."""

from pathlib import Path
from runpy import run_path

import numpy as np

from bitnet_hw.fpga.wrapper import DESIGN, TOP, Wrapper, wrapper_verilog
from rtl.geometry import Geometry
from sim.packing import activation_words, weight_words
from sim.payloads import command_word, split_beat

run = run_path(str(Path(__file__).with_name("fpga_host.py")))["run"]
GEOMETRY = Geometry(rows=2, lanes=3, weight_bus_bits=16, max_tokens=2, max_k=8, output_bus_words=1)


def test_a_product_by_hand_comes_out_of_the_pins():
    # K = 4 takes two tiles of 3 lanes.
    activations = np.array([[3, -5, 100, -128]], np.int8)
    weights = np.array([[1, -1, 0, -1], [0, 1, 1, 1]], np.int8)

    async def process(host):
        command = command_word(GEOMETRY, k=4, n=2, m=1, flags=0xA5)
        await host.transfer(commands=command, go_commands=1)
        for word in activation_words(GEOMETRY, activations):
            await host.transfer(activations=word, go_activations=1)
        for word in weight_words(GEOMETRY, weights):
            await host.transfer(weights=word, go_weights=1)
        beats = []
        for _ in range(2):
            await host.transfer(go_results=1)
            beats.append(split_beat(GEOMETRY, (await host.read())["results"]))
        await host.pulse(host.wrapper.look)
        return beats, await host.read()

    beats, status = run(Wrapper(GEOMETRY), process)

    # 3 + 5 + 128 and -5 + 100 - 128.
    assert [beat.results.tolist() for beat in beats] == [[136], [-33]]
    assert [beat.flags for beat in beats] == [0xA5, 0xA5]
    assert [beat.last for beat in beats] == [False, True]
    assert status["busy"] == 2
    assert status["idle"] == 1
    assert status["results_valid"] == status["illegal_code"] == status["bad_command"] == 0


def test_clear_reaches_the_counters():
    async def process(host):
        # K = 0 is refused.
        await host.transfer(commands=command_word(GEOMETRY, k=0, n=2, m=1), go_commands=1)
        await host.pulse(host.wrapper.look)
        before = await host.read()
        await host.transfer(go_clear=1)
        await host.pulse(host.wrapper.look)
        return before, await host.read()

    before, after = run(Wrapper(GEOMETRY), process)

    assert before["bad_command"] == 1
    assert after["bad_command"] == 0


def test_every_bit_of_every_port_has_its_place():
    wrapper = Wrapper(GEOMETRY, instance=True)

    # k 4 bits, n 24, m 2, flags 8; 16 bits of weights; 3 int8. One int32, its count of one bit,
    # flags and last.
    widths = {"commands": 38, "weights": 16, "activations": 24}
    assert {name: wrapper.inputs[name] for name in widths} == widths
    assert wrapper.outputs["results"] == 32 + 1 + 8 + 1
    assert wrapper.outputs["cycles"] == 48


def test_the_wrapper_is_one_module_around_the_generated_one():
    text = wrapper_verilog(GEOMETRY)

    assert text.count("\nmodule ") == 1
    assert f"\nmodule {TOP}(" in text
    assert f"  {DESIGN} \\design  (" in text
    pins = ("reset", "shift", "scan_in", "go", "look", "scan_out", "busy", "clk")
    assert text[text.index("module") :].splitlines()[0] == f"module {TOP}({', '.join(pins)});"
