"""What never runs: programs made of input, and the network. Read from the source, line by line."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("rtl", "golden", "sim", "bitnet_hw")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# Functions that turn text or bytes into something that runs.
RUNNING = ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load")
# Modules that do, or that speak to other machines.
MODULES = (
    *("pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "code", "codeop"),
    *("urllib", "http", "socket", "socketserver", "ssl", "ftplib", "smtplib", "xmlrpc"),
    *("requests", "httpx", "aiohttp", "huggingface_hub", "asyncio", "webbrowser"),
)

ALLOWED = {
    f"bitnet_hw/dask_workers.py: {module}"
    for module in ("distributed", "distributed.core", "asyncio")
}
"""`explore --scheduler tcp://...` sends points to a cluster that the user has started."""


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def keyword(call, name):
    return next((item.value for item in call.keywords if item.arg == name), None)


def is_constant(node, value):
    return isinstance(node, ast.Constant) and node.value is value


def wrong_call(call):
    """Return what is wrong with a call, or None."""
    name = dotted(call.func)
    if name in RUNNING or name.endswith(".apply_chat_template"):
        return name
    if keyword(call, "shell") is not None and not is_constant(keyword(call, "shell"), False):
        return f"{name}(shell=...)"
    if name == "torch.load" and not is_constant(keyword(call, "weights_only"), True):
        return "torch.load without weights_only=True"
    if name in ("np.load", "numpy.load") and not is_constant(keyword(call, "allow_pickle"), False):
        return f"{name} without allow_pickle=False"
    if name.endswith("from_pretrained") or keyword(call, "trust_remote_code") is not None:
        wanted = {"local_files_only": True, "trust_remote_code": False}
        if "Tokenizer" not in name:
            wanted["use_safetensors"] = True
        if not all(is_constant(keyword(call, key), value) for key, value in wanted.items()):
            return f"{name} without {wanted}"
    return None


def findings(text):
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
            found += [alias.name for alias in node.names if alias.name.startswith("distributed")]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in (*MODULES, "distributed"):
                found.append(node.module)
        elif isinstance(node, ast.Call) and (wrong := wrong_call(node)):
            found.append(wrong)
    return found


def test_our_programs_run_no_input_and_speak_to_no_one():
    assert len(FILES) > 200
    found = {
        f"{path.relative_to(ROOT)}: {what}"
        for path in FILES
        for what in findings(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        *("eval('1')", "exec(x)", "__import__('os')", "os.system('true')", "import pickle"),
        *("from urllib.request import urlopen", "import socket", "yaml.load(text)"),
        *("subprocess.run(x, shell=True)", "run(x, shell=flag)", "torch.load(path)"),
        *("torch.load(path, weights_only=False)", "np.load(path)", "np.load(p, allow_pickle=True)"),
        *("AutoModel.from_pretrained(name)", "load(name, trust_remote_code=True)"),
        "tokenizer.apply_chat_template(messages)",
    ],
)
def test_the_search_finds(text):
    assert findings(text)


@pytest.mark.parametrize(
    "text",
    [
        *("re.compile('a')", "model.eval()", "subprocess.run(x, shell=False)", "import subprocess"),
        *("torch.load(path, weights_only=True)", "np.load(path, allow_pickle=False)"),
    ],
)
def test_the_search_leaves_alone(text):
    assert not findings(text)


def test_every_dependency_is_pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert len(pins) > 100
    normal = {re.sub(r"[-_.]+", "-", name).lower() for name in pins}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    asked = re.findall(r'"([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?(?:[~=>]=[\d.]+)?"', project)
    known = {re.sub(r"[-_.]+", "-", name).lower() for name in asked}
    for name in ("amaranth", "pyyaml", "pydantic", "numpy", "torch", "safetensors", "gguf"):
        assert name in known & normal


SILENT = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("the network was asked for")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
socket.create_connection = refuse
from bitnet_hw.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["estimate", "edge", "--model", "bitnet-b1.58-3b", "--report", "report.html"],
        ["generate", "tiny", "-o", "verilog"],
        ["explore", "array-size", "-o", "explore"],
        ["plan", "--model", "bitnet-b1.58-700m", "--search", "edge"],
        ["reproduce", "--plot", "errors.html"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_work_without_a_network(tmp_path, arguments):
    result = subprocess.run(
        [sys.executable, "-c", SILENT, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
