from bitnet_hw.config import load_config
from bitnet_hw.estimate_warnings import estimate_warnings


def test_nothing_to_warn_of():
    assert estimate_warnings(load_config("edge")) == []


def test_check_bits_that_cost_a_word():
    checked = {"array.weight_check": "hamming"}
    [warning] = estimate_warnings(load_config("edge", checked))
    assert warning == (
        "weight_bus_bits is 512: with its 10 check bits a tile takes 2 words instead of 1; "
        "528 would hold both."
    )
    wider = {**checked, "array.weight_bus_bits": 528}
    assert estimate_warnings(load_config("edge", wider)) == []


def test_a_clock_that_the_gates_do_not_reach():
    config = load_config("large-biased", {"technology": "asap7", "clock_mhz": 5000})
    [warning] = estimate_warnings(config)
    assert warning.startswith("clock_mhz is 5000, above the ")
    assert warning.endswith(" MHz that an array of 64 lanes reaches in asap7, without wires.")
