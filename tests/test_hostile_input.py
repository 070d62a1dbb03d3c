"""Hostile files, settings and expressions: each is accepted, or refused in one printable sentence.

The same parsers with a million inputs: ``python -m benchmarks.fuzz --inputs 1000000``. Here every
parser gets some hundred, the right files that they are made of, and what is known to be nasty.
"""

import json
import random
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import fuzz_binary, fuzz_feeds, fuzz_models, fuzz_seeds
from benchmarks.fuzz_targets import TARGETS
from benchmarks.fuzz_verdict import Finding, judge
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.expression import ExpressionError, parse_expression
from bitnet_hw.plan.requirement import parse_requirements

BY_NAME = {target.name: target for target in TARGETS}
# The tokenizer's parser is transformers': seconds to import, for one parser of many.
QUICK = [target for target in TARGETS if target.name != "GGUF tokenizer"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("hostile")
    fuzz_feeds.prepare(place)
    return place


def refused(folder, name, content):
    """Return the sentence in which a parser refuses an input, in less than two seconds."""
    start = time.perf_counter()
    with pytest.raises(BitnetHwError) as caught:
        BY_NAME[name].feed(content, folder)
    assert time.perf_counter() - start < 2
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 2000
    return message.replace(str(folder), "")


def test_every_parser_has_a_part_of_a_thousand():
    assert sum(target.share for target in TARGETS) == 1000
    assert len(BY_NAME) == len(TARGETS)


@pytest.mark.parametrize(
    ("name", "seeds"),
    [
        *(
            (f"{kind} YAML", fuzz_seeds.presets(folder))
            for kind, folder in (
                ("sweep", "sweeps"),
                ("technology", "technologies"),
                ("memory", "memories"),
                ("system", "systems"),
                ("plan", "plans"),
                ("published", "published"),
                ("model", "models"),
            )
        ),
        ("config.json", fuzz_models.HF_CONFIGS),
        ("safetensors index", fuzz_models.INDICES[:1]),
        ("safetensors, floats", [fuzz_binary.safetensors_bytes(fuzz_models.MASTERS)]),
        ("safetensors, packed", [fuzz_binary.safetensors_bytes(fuzz_models.PACKED)]),
        ("GGUF", [fuzz_binary.gguf_bytes(file)[0] for file in fuzz_models.GGUF]),
        ("weight-image manifest", [fuzz_models.MANIFEST]),
        ("Liberty", fuzz_seeds.LIBERTY),
    ],
)
def test_right_files_are_accepted(folder, name, seeds):
    for seed in seeds:
        BY_NAME[name].feed(seed, folder)


@pytest.mark.parametrize("target", QUICK, ids=lambda target: target.name)
def test_broken_input_is_accepted_or_refused(folder, target):
    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(st.integers(0, (1 << 64) - 1))
    def check(seed):
        found = judge(target, target.make(random.Random(seed)), folder)
        assert not isinstance(found, Finding), found.details

    check()


@pytest.mark.parametrize("target", QUICK, ids=lambda target: target.name)
def test_any_bytes_are_accepted_or_refused(folder, target):
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
    def check(content):
        found = judge(target, content, folder)
        assert not isinstance(found, Finding), found.details

    check()


BOMB = "\n".join([
    "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]",
    *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)),
])
YAML_KINDS = ("array", "sweep", "technology", "memory", "system", "plan", "published", "model")


@pytest.mark.parametrize("kind", YAML_KINDS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB.encode(), "anchors and aliases are not supported"),
        (b"a: &a [*a]\n", "anchors and aliases are not supported"),
        (b"a: !!python/object/apply:os.system ['true']\n", "tags are not supported"),
        (b"a: " + b"[" * 900, "blocks may be nested at most 16 levels deep"),
        (b"a: 1\na: 2\n", "a must be given once, but line 1 gives it too"),
        (b"%YAML 1." + b"9" * 5000 + b"\n---\na: 1\n", "a version or an escape is out of range"),
        (b'a: "\\UFFFFFFFF"\n', "a version or an escape is out of range"),
        (b'a: "\\ud800"\n', r"Text must be without control characters, not '\ud800'"),
        (b'a: "\\x1b[31m"\n', r"Text must be without control characters, not '\x1b[31m'"),
        (b'"\\x1b[31m": 1\n', r"A key must be text, not '\x1b[31m'"),
        (b"a: \xff\n", "The file must be UTF-8 text"),
        (b"a: [" + b"1," * 1_000_000 + b"]\n", "The file must be at most 64 KB long"),
        (b"a: " + b"9" * 5_000_000 + b"\n", "The file must be at most 64 KB long"),
        (b"<img src=x onerror=alert(1)>: 1\n", "<img src=x onerror=alert(1)> must be a known key"),
    ],
    ids=[
        *("bomb", "cycle", "tag", "nesting", "twice", "version", "escape", "surrogate", "colour"),
        *("key", "bytes", "items", "digits", "html"),
    ],
)
def test_nasty_yaml(folder, kind, content, message):
    assert message in refused(folder, f"{kind} YAML", content)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("9" * 5000, "must be an integer"),
        (".nan", "must be an integer"),
        (".inf", "must be an integer"),
        ("1e3", "must be an integer"),
        ("1000000000000", "must be at most 16777216"),
        ("true", "must be an integer"),
        ("-1", "must be at least 1"),
    ],
)
def test_nasty_numbers(folder, value, message):
    content = fuzz_seeds.presets("models")[0].replace(b"hidden: ", b"hidden: " + value.encode())
    content = content[: content.index(b"hidden: ") + 8 + len(value)] + b"\n"
    assert message in refused(folder, "model YAML", content)


@pytest.mark.parametrize("path", ["../../x", "/dev/null", "x/" * 3000, "two\nlines"])
def test_nasty_paths(folder, path):
    content = json.dumps({"base": f"{path}.yaml"}).encode()
    message = refused(folder, "array YAML", content)
    assert "must exist" in message or "must be at most 1000 printable characters" in message


def header_of(**entries):
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


def entry(shape, start, stop, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be a complete safetensors file"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "must be a complete safetensors file"),
        (header_of(a=entry([1], 0, 4)), "must be a complete safetensors file"),
        (header_of(a=entry([1], 0, 4)) + bytes(5), "must be a complete safetensors file"),
        (
            header_of(a=entry([2], 0, 8), b=entry([2], 4, 12)) + bytes(12),
            "must be a complete safetensors file",
        ),
        (header_of(a=entry([1 << 63], 0, 4)) + bytes(4), "must be a complete safetensors file"),
        (header_of(a=entry([1 << 60, 0], 0, 0)), "must have the tensor"),
        (
            header_of(**{"<img src=x onerror=alert(1)>": entry([1], 0, 4)}) + bytes(4),
            "must have the tensor",
        ),
        (header_of(**{"../../x": entry([1], 0, 4)}) + bytes(4), "must have the tensor"),
        (header_of(**{"\x1b[31m": entry([1], 4, 8)}) + bytes(8), r"tensor `\x1b[31m`"),
        (header_of(a="x" * (9 << 20)) + bytes(8), "must be at most 4 MB long"),
        (header_of(**{"x" * 9999: entry([1], 4, 8)}) + bytes(8), "the library says: "),
        (
            header_of(a=entry([0], 0, 0), b=entry([0], 0, 0)).replace(b'"b"', b'"a"'),
            "must have each key once, not 'a' twice",
        ),
    ],
    ids=[
        *("empty", "header of 2^63", "truncated", "trailing", "overlap", "shape of 2^63"),
        *("shape of 2^60 x 0", "html", "path", "colour", "long header", "long name", "twice"),
    ],
)
def test_nasty_safetensors(folder, content, message):
    assert message in refused(folder, "safetensors, floats", content)


def gguf_array(kind, length, content=b""):
    file = fuzz_binary.GgufFile(
        [("general.architecture", 8, "llama"), ("a", 9, (kind, length, content))],
        [("token_embd.weight", [8, 6], 0, 0)],
        bytes(192),
    )
    return fuzz_binary.gguf_bytes(file)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gguf_array(8, 1 << 63), "the number of elements of 'a' must be at most"),
        (gguf_array(4, 1 << 32), "the number of elements of 'a' must be at most"),
        (gguf_array(8, 1 << 20), "needs 8388608 bytes"),
        (gguf_array(9, 1), "elements of 'a' must be numbers or text"),
        (gguf_array(8, 1, struct.pack("<Q", 1 << 62)), "must be at most"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 0), "the number of tensors must be at most"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 63), "the number of keys must be at most"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "the version must be 2 or 3"),
    ],
)
def test_nasty_gguf(folder, content, message):
    assert message in refused(folder, "GGUF", content)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 1 << 63}, "hidden_size must be an integer from 1 to 16777216"),
        ({"hidden_size": float("nan")}, "hidden_size must be an integer from 1 to 16777216"),
        ({"num_key_value_heads": True}, "num_key_value_heads must be an integer"),
        ({"quantization_config": [[]]}, "quantization_config must be an object"),
        ({"hidden_act": {"a": 1}}, "hidden_act must be one of silu, relu2"),
    ],
)
def test_nasty_configuration(folder, changes, message):
    config = json.loads(fuzz_models.HF_CONFIGS[0]) | changes
    assert message in refused(folder, "config.json", json.dumps(config).encode())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "must be valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "must be valid JSON"),
        (b'{"a": 1, "a": 2}', "must have each key once"),
        (b"\xff\xfe", "must be valid JSON"),
        ('{"a": 1}'.encode("utf-16"), "must be valid JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"a": [' + b"{}," * (1 << 21) + b"1]}", "must be at most 4 MB long"),
    ],
)
def test_nasty_json(folder, content, message):
    for name in ("config.json", "safetensors index", "weight-image manifest"):
        assert message in refused(folder, name, content)


ATTACKS = (
    *("__import__('os').system('true')", "().__class__.__bases__[0].__subclasses__()"),
    *("power_w.__class__.__init__.__globals__['os']", "exec('x = 1')", "eval('1')", "open('x')"),
    *("(lambda: 0)()", "[x for x in power_w]", "{x: 1 for x in a}", "(x := 1)", "power_w[0]"),
    *("f'{power_w}'", "abs(power_w, out=a)", "abs(*a)", "abs(**a)", "getattr(a, 'b')", "a.b()"),
    *("1 if a else 2", "await a", "yield", "a; b", "import os", "1 << 10**9", "~1", "a @ b"),
    *("'%s' % (a,)", "'a' 'b'.join(c)", "b'a'", "1j", "...", "None", "{}", "a is b", "1 > [] >= a"),
)


@pytest.mark.parametrize("text", ATTACKS)
def test_expressions_are_never_code(text):
    with pytest.raises(ExpressionError):
        parse_expression(text)
    with pytest.raises(BitnetHwError):
        parse_requirements(text, "--require")


@pytest.mark.parametrize(
    "text",
    [
        *("9**9**9 > a", "9**9**9**9**9 > a", "(" * 200 + "1" + ")" * 200, "a" + "+a" * 499),
        *("9" * 999, "-" * 999 + "1", "a" + ".a" * 499, "'" + "x" * 998, "\0", "\ud800"),
    ],
)
def test_large_expressions_end_soon(folder, text):
    start = time.perf_counter()
    found = judge(BY_NAME["expression"], text.encode("utf-8", "surrogatepass"), folder)
    assert not isinstance(found, Finding), found.details
    assert time.perf_counter() - start < 2


def test_names_with_two_underscores_are_only_names():
    # A field of this name is looked up like any other, in a table that has none.
    assert parse_expression("__builtins__.open").fields == {"__builtins__.open"}
    with pytest.raises(KeyError):
        parse_expression("__builtins__.open")({})


SILENT = """
import sys
import warnings
from pathlib import Path

from benchmarks.fuzz_feeds import prepare
from benchmarks.fuzz_targets import TARGETS
from benchmarks.fuzz_verdict import Finding, judge, nothing_is_run, watch_what_is_run

target = next(target for target in TARGETS if target.name == "expression")
folder = Path(sys.argv[1])
prepare(folder)
judge(target, b"a < 1 and b ** 2 > 3", folder)
judge(target, b"a <", folder)
watch_what_is_run()
for text in sys.argv[2:]:
    with nothing_is_run():
        found = judge(target, text.encode(), folder)
    assert not isinstance(found, Finding), found.details
with nothing_is_run():
    try:
        exec("1")
    except BaseException as error:
        print(type(error).__name__)
"""


def test_expressions_run_nothing(tmp_path):
    # In a process of its own: an audit hook cannot be taken away again.
    result = subprocess.run(
        [sys.executable, "-c", SILENT, str(tmp_path), *ATTACKS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "_Forbidden\n"), result.stderr
