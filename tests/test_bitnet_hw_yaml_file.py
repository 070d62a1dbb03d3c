"""Strict reading of YAML files."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitnet_hw.errors import ConfigError
from bitnet_hw.presets import read_cached
from bitnet_hw.yaml_file import read_yaml, yaml_value


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "x.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return read_text


def fails(read, text, message):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert re.sub(r"^.*x\.yaml", "x.yaml", str(caught.value)) == message


def test_values_and_lines(read, tmp_path):
    file = read("a: 1\nb:\n  c: -2.5\n  d: [x, true]\ne: null\nf: \ng: ~\n")
    assert file.data == {
        "a": 1,
        "b": {"c": -2.5, "d": ["x", True]},
        "e": None,
        "f": None,
        "g": None,
    }
    assert file.lines["a",] == 1
    assert file.lines["b", "c"] == 3
    assert file.lines["b", "d", 1] == 4
    path = tmp_path / "x.yaml"
    assert file.where(("b", "d")) == f"{path}:4"
    assert file.where(("b", "nowhere", "x")) == f"{path}:2"
    assert file.where() == str(path)


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "Off", "True", "NULL"),
        *("010", "0x10", "0b1", "1_000", "+1", "9" * 19, "9" * 5000),
        *("1e3", "1.0e3", ".5", ".inf", ".nan"),
        *("1:30", "2020-01-01"),
    ],
)
def test_what_yaml_versions_disagree_about_stays_text(read, text):
    assert read(f"a: {text}\n").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.yaml: The file must be a mapping of keys to values"),
        ("- 1\n- 2\n", "x.yaml: The file must be a mapping of keys to values"),
        ("just text\n", "x.yaml: The file must be a mapping of keys to values"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: a must be given once, but line 1 gives it too"),
        ("b:\n  a: 1\n  a: 3\n", "x.yaml:3: b.a must be given once, but line 2 gives it too"),
        ("a: &x 1\nb: 2\n", "x.yaml:1: anchors and aliases are not supported"),
        ("a: 1\nb: *x\n", "x.yaml:2: anchors and aliases are not supported"),
        ("a: !!python/object:os.system x\n", "x.yaml:1: tags are not supported"),
        ("a: !!int '010'\n", "x.yaml:1: tags are not supported"),
        ("1: a\n", "x.yaml:1: A key must be text, not '1'"),
        ("? [a]\n: b\n", "x.yaml:1: A key must be text, not a list of 1"),
        (
            "a: [" * 900,
            "x.yaml:1: blocks may be nested at most 16 levels deep",
        ),
        (b"a: 1\nb: \xff\n", "x.yaml:2: The file must be UTF-8 text"),
        ("a: 'open\n", "x.yaml:2: The file must be valid YAML: found unexpected end of stream"),
        (
            "a: 1\n---\nb: 2\n",
            "x.yaml:2: The file must be valid YAML: but found another document",
        ),
        (
            "a: \x07\n",
            (
                "x.yaml: The file must be text without control characters, "
                "but has one at character 3"
            ),
        ),
        ("a: " + "x" * 65536, "x.yaml: The file must be at most 64 KB long"),
        (
            f"%YAML 1.{'9' * 5000}\n---\na: 1\n",
            "x.yaml: The file must be valid YAML: a version or an escape is out of range",
        ),
        (
            'a: "\\UFFFFFFFF"\n',
            "x.yaml: The file must be valid YAML: a version or an escape is out of range",
        ),
        (
            'a: 1\nb: ["\\ud800"]\n',
            r"x.yaml:2: Text must be without control characters, not '\ud800'",
        ),
        (
            'a: "\\e[31m"\n',
            r"x.yaml:1: Text must be without control characters, not '\x1b[31m'",
        ),
        ('"a\\nb": 1\n', r"x.yaml:1: A key must be text, not 'a\nb'"),
        ('"\\u202e": 1\n', r"x.yaml:1: A key must be text, not '\u202e'"),
    ],
)
def test_refused(read, text, message):
    fails(read, text, message)


def test_a_bomb_is_refused_at_once(read):
    layers = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    layers += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    start = time.perf_counter()
    fails(read, "\n".join(layers), "x.yaml:1: anchors and aliases are not supported")
    assert time.perf_counter() - start < 1


def test_a_file_of_the_largest_size_is_read_in_reasonable_time(read):
    start = time.perf_counter()
    assert len(read("a: [" + "1," * 32_000 + "]").data["a"]) == 32_000
    assert time.perf_counter() - start < 10


def test_byte_order_mark(read):
    assert read(b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"^File .*gone\.yaml must exist$"):
        read_yaml(tmp_path / "gone.yaml")
    (tmp_path / "edge.yaml").write_text("a: 1\n")
    with pytest.raises(
        ConfigError, match=r"^File .*edgy\.yaml must exist; did you mean '.*edge\.yaml'\?$"
    ):
        read_yaml(tmp_path / "edgy.yaml")


def test_lines_and_tabs_are_text(read):
    assert read('a: "b\\n\\tc"\nd: |\n  e\n  f\n').data == {"a": "b\n\tc", "d": "e\nf\n"}


@pytest.mark.parametrize("name", ["a\0b.yaml", "\ud800.yaml", "x/" * 3000 + ".yaml", "a\nb.yaml"])
def test_what_is_no_path(name):
    for read_one in (read_yaml, read_cached):
        with pytest.raises(
            ConfigError,
            match=r"^The path of a file must be at most 1000 printable characters, not ",
        ):
            read_one(Path(name))


def test_unreadable_file(tmp_path):
    with pytest.raises(ConfigError, match=r"^File .* must be readable: Is a directory$"):
        read_yaml(tmp_path)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet="ab: -[]{}&*!?|>'\"#%\n,~1.", max_size=60))
)
def test_any_bytes_are_read_or_refused(read, content):
    message = ""
    try:
        read(content)
    except ConfigError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize("text", ['"\\UFFFFFFFF"', "%YAML 1." + "9" * 5000 + "\n--- 1"])
def test_a_value_out_of_range(text):
    with pytest.raises(ConfigError, match=r"^--set a must be a value in YAML, not "):
        yaml_value(text, source="--set a")
