"""Hostile text: YAML, JSON and expressions, broken in their letters and in their structure."""

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import yaml

__all__ = ["NASTY", "expression_text", "json_text", "mutated_bytes", "yaml_text"]

# Letters that mean something to a parser of YAML, JSON, Python or the operating system.
_TOKENS = (
    *("&a ", "*a", "<<: *a\n", "!!python/object/apply:os.system ['true']", "!!binary ", "!!set "),
    *("---\n", "...\n", "%YAML 1.1\n", "%YAML 1." + "9" * 5000 + "\n", "%TAG ! tag:x,2000:\n"),
    *("? ", ": ", "- ", "| ", ">-\n", "{", "}", "[", "]", ",", "#", "'", '"', "\\", "\n", "\t"),
    *('"\\U00110000"', '"\\UFFFFFFFF"', '"\\ud800"', '"\\0"', '"\\x1b[31m"', "\ufeff", "\u202e"),
    *("[" * 900, "{a: " * 900, "- " * 900, "a:\n " * 40, "9" * 5000, "x" * 2000, "1," * 3000),
    *("\0", "\x7f", "\u2028", "\U0001f4a3", "e\u0301", "%s%n", "../../x", "/dev/null", "$(true)"),
    *("<img src=x onerror=alert(1)>", "0x10", "1e999", "-0", ".nan", ".inf", "null", "~", "true"),
    *("NaN", "Infinity", "-Infinity", "1" + "0" * 308, "1e-999", '{"a":1,"a":2}', "__proto__"),
)
_NUMBERS = (
    *(0, -1, 1, 2, 3, 7, 255, 256, 4096, 4097, 1 << 20, 1 << 24, (1 << 24) + 1, 10**6, 10**8),
    *((1 << 31) - 1, 1 << 31, 1 << 32, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, 1 << 64, 10**17),
    *(10**18 - 1, 10**30, -(1 << 63), 0.0, -0.0, 0.5, 1.5, 1e-17, 1e17, 99999999999999999.0, 0.1),
)
_TEXTS = (
    *("", " ", "nan", "inf", "1e3", "yes", "\0", "\ud800", "\x1b[31mred", "two\nlines", "x" * 300),
    *("../../x", "../x.yaml", "/", ".", "..", "/dev/null", "a\0b.yaml", "\ud800.yaml", "~/x.yaml"),
    *("<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "x;endmodule", "auto"),
    *("edge", "tiny", "jouppi7", "lpddr5x-64", "bitnet-b1.58-3b", "x/" * 3000 + ".yaml", "\u202e"),
    *("é", "a.b.c", "__class__", "power_w < 5", "().__class__", "9**9**9", "1x1x1", "trit2", "min"),
)
NASTY: tuple[Any, ...] = (
    *_NUMBERS,
    *_TEXTS,
    *(None, True, False, [], {}, [[]], [{}], [None], {"": 1}, {"base": "edge"}, {"nominal": 1}),
    *({"from": 0, "to": 1, "points": 1_000_000}, {"from": 1, "to": 10**17, "times": 1.0000001}),
    *({"from": 0, "to": 10**17, "step": 1e-9}, {"from": -1, "to": 8, "log2": True}, [1] * 400),
)
_CONTAINERS = (dict, list)


def mutated_bytes(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Return text changed in one to four places: bits, cuts, tokens, lines, and parts of others."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.randrange(len(data) + 1)
        other = min(len(data), place + chance.choice((1, 2, 8, 40, 300)))
        match chance.randrange(9):
            case 0 if data:
                data[place - 1] ^= 1 << chance.randrange(8)
            case 1:
                del data[place:]
            case 2:
                del data[place:other]
            case 3:
                data[place:place] = data[place:other] * chance.choice((1, 2, 50))
            case 4:
                data[place:other] = chance.randbytes(chance.choice((1, 2, 4, 8)))
            case 5:
                lines = bytes(data).split(b"\n")
                first, second = chance.choices(range(len(lines)), k=2)
                lines[first] = lines[second]
                data = bytearray(b"\n".join(lines))
            case 6:
                part = chance.choice(others)
                start = chance.randrange(len(part) + 1)
                data[place:place] = part[start : start + chance.choice((4, 40, 400))]
            case _:
                data[place:place] = chance.choice(_TOKENS).encode("utf-8", "surrogatepass")
    return bytes(data)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every container of a tree with each of its keys."""
    found = []
    waiting = [tree]
    while waiting:
        block = waiting.pop()
        keys = list(block) if isinstance(block, dict) else range(len(block))
        for key in keys:
            found.append((block, key))
            if isinstance(block[key], _CONTAINERS):
                waiting.append(block[key])
    return found


def _mutated_tree(chance: random.Random, tree: Any, others: Sequence[Any]) -> Any:
    """Return a tree with other values, keys and blocks in one to three places."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = _places(tree)
        if not places:
            return deepcopy(chance.choice(NASTY))
        block, key = chance.choice(places)
        value = block[key]
        match chance.randrange(8):
            case 0:
                del block[key]
            case 1:
                block[key] = [deepcopy(value) for _ in range(chance.choice((1, 2, 20)))]
            case 2:
                for _ in range(chance.choice((1, 15, 17, 900))):
                    value = {"a": value} if chance.random() < 0.5 else [value]
                block[key] = value
                # Too deep for what would change it further.
                return tree
            case 3 if isinstance(block, dict):
                block[chance.choice(_TEXTS)] = deepcopy(value)
            case 4:
                part = chance.choice(_places(chance.choice(others)))
                block[key] = json.loads(json.dumps(part[0][part[1]]))
            case 5 if isinstance(value, int | float) and not isinstance(value, bool):
                block[key] = value * chance.choice((-1, 0, 2, 10**6, 10**15, 0.5, 1.0, 1e-9))
            case _:
                # A copy: what is in the tree may be changed in the next round.
                block[key] = deepcopy(chance.choice(NASTY))
    return tree


def json_text(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return JSON: half of it broken text, half a broken tree; any number, NaN included."""
    seed = chance.choice(seeds)
    if chance.random() < 0.4:
        return mutated_bytes(chance, seed, seeds)
    tree = _mutated_tree(chance, json.loads(seed), [json.loads(other) for other in seeds])
    return _json(tree)


def yaml_text(chance: random.Random, seeds: Sequence[bytes], trees: Sequence[Any]) -> bytes:
    """Return YAML: broken text, or a broken tree in flow style, or one with anchors and aliases.

    Parameters
    ----------
    chance : random.Random
        Decides.
    seeds : sequence of bytes
        Files to start from.
    trees : sequence
        Their content.
    """
    kind = chance.random()
    if kind < 0.45:
        return mutated_bytes(chance, chance.choice(seeds), seeds)
    tree = _mutated_tree(chance, json.loads(json.dumps(chance.choice(trees))), trees)
    if kind < 0.97:
        # Flow style is JSON, which is written a hundred times faster than YAML.
        return _json(tree)
    shared = {"a": [1, 2]}
    return yaml.safe_dump({"x": shared, "y": [shared, shared]}).encode()


def _json(tree: Any) -> bytes:
    try:
        return json.dumps(tree, ensure_ascii=True).encode()
    except RecursionError:
        return b"[" * 1200


_OPERATORS = (
    *("+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "==", "!=", " and ", " or "),
    *(" in ", " not in ", " is ", "<<", ">>", "&", "|", "^", "@", ":=", ",", " if 1 else "),
)
_LEAVES = (
    *("power_w", "array.rows", "name", "flag", "missing", "a.b.c", "1", "0", "2.5", "'text'", "''"),
    *("1e300", "1e301", "9" * 20, "9" * 400, "1j", "None", "True", "...", "b'x'", "f'{power_w}'"),
    *("().__class__.__bases__[0]", "__import__('os').system('true')", "(lambda: 0)()"),
    *("9**9**9", "1<<10**9", "{}", "[]", "(1, 2)", "[1, 'a']", "x[0]", "*x", "print", "\ud800"),
    *("[x for x in power_w]", "(yield)", "await a", "x := 1", "\0", "power_w.__class__", "{**a}"),
    *("abs(power_w)", "max(1, array.rows)", "log2(0)", "sqrt(-1)", "ceil(name)", "exec('1')", "ﬁ"),
)
_WRAPPED = ("({})", "-{}", "not {}", "+{}", "abs({})", "min({}, 1)", "~{}", "[{}]", "{}.x", "{}()")


def expression_text(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return an expression: of the grammar and of what is not in it, or one with broken text."""
    if chance.random() < 0.3:
        return mutated_bytes(chance, chance.choice(seeds), seeds)
    text = chance.choice(_LEAVES)
    for _ in range(chance.choice((0, 1, 2, 3, 5, 60))):
        if chance.random() < 0.4:
            text = chance.choice(_WRAPPED).replace("{}", text, 1)
        else:
            text = f"{text}{chance.choice(_OPERATORS)}{chance.choice(_LEAVES)}"
    return text.encode("utf-8", "surrogatepass")
