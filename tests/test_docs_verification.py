"""docs/verification.md: what it names exists, and nothing that must be there is missing."""

import ast
import re
from pathlib import Path

import pytest

from proofs.catalogue import PROOFS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
PLAN = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## Testplan")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| section")
]
TESTS = sorted(set(re.findall(r"`(tests/\w+\.py::\w+)`", PAGE)))
NAMES = {proof.name for proof in PROOFS}
SOURCES = "\n".join(path.read_text("utf-8") for path in (ROOT / "proofs").glob("*.py"))


def test_every_promise_is_held_by_something():
    assert len(PLAN) > 20
    for section, promise, held in PLAN:
        assert section
        assert promise
        assert "`" in held, promise


def test_every_section_of_the_architecture_has_a_promise():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    sections = re.findall(r"^###? (.+)$", text, re.MULTILINE)
    assert {section for section, _, _ in PLAN} == set(sections)


@pytest.mark.parametrize("test", TESTS)
def test_tests_exist(test):
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_proofs_and_claims_exist():
    named = set()
    for _, _, held in PLAN:
        for name, claim in re.findall(r"`([a-z][\w-]*)(?:: (\w+))?`", held):
            if name.startswith("tests"):
                continue
            assert name in NAMES, name
            named.add(name)
            if claim:
                assert f'"{claim}"' in SOURCES, claim
    assert named == NAMES


def test_the_table_of_proofs_is_complete():
    rows = re.findall(r"^\| ([\w-]+) \| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE)
    shown = {name: (size.strip(), method.strip()) for name, size, method in rows if name in NAMES}
    assert shown.keys() == NAMES
    for proof in PROOFS:
        size, method = shown[proof.name]
        assert size == proof.size
        assert method.startswith(proof.method)
