"""Number formats: what they may be."""

import re

import pytest

from bitnet_hw.config import load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.formats import FORMAT_BITS, Formats


def test_defaults_are_what_a_checkpoint_holds():
    assert Formats() == Formats(kv_cache_bits=16, lm_head="fp16")


def test_bits():
    # A ternary head is as wide as the weight stream.
    assert FORMAT_BITS == {"fp16": 16, "int8": 8}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kv_cache_bits", 0, "formats.kv_cache_bits must be at least 1, not 0"),
        ("kv_cache_bits", 33, "formats.kv_cache_bits must be at most 32, not 33"),
        ("kv_cache_bits", 4.5, "formats.kv_cache_bits must be an integer, not 4.5"),
        ("lm_head", "int4", "formats.lm_head must be one of fp16, int8 or ternary, not 'int4'"),
        ("weights", 2, "formats.weights must be a known key of formats"),
    ],
)
def test_wrong_formats(key, value, message):
    with pytest.raises(ConfigError, match=f"^command line: {re.escape(message)}"):
        load_config("edge", {f"formats.{key}": value})
