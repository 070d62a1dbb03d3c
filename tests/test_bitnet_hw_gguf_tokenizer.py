"""Tokenizers of GGUF files against those of which they were made, and by hand."""

import json
import sys
from pathlib import Path

import gguf
import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.gguf_header import read_gguf_header
from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.gguf_tokenizer import gguf_codec
from bitnet_hw.text_codec import BYTES_MARKER, ByteCodec

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
# The pre-tokenizer of Llama 3's tokenizer.json.
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEXTS = (
    "Hello world",
    "    def f(x):\n\treturn 12345678\n\n",
    "\u00e9\u20ac \U0001f600 it's",
    "a<|eot_id|>b <think>c",
    "<|endoftext|> <s>",
    "",
)


def codec(path):
    return gguf_codec(path, read_gguf_header(path).values)


def write(path, *, model, tokens, types=None, merges=None, scores=None, pre=None, **keys):
    writer = gguf.GGUFWriter(path, "llama")
    if model is not None:
        writer.add_tokenizer_model(model)
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    if tokens:
        writer.add_token_list(tokens)
    if types:
        writer.add_token_types(types)
    if merges is not None:
        writer.add_token_merges(merges)
    if scores is not None:
        writer.add_token_scores(scores)
    for key, value in keys.items():
        add = writer.add_bool if isinstance(value, bool) else writer.add_uint32
        add(f"tokenizer.ggml.{key}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def original():
    """Train a tokenizer like Llama 3's on the README."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    readme = Path(__file__).parents[1] / "README.md"
    tokenizer.train_from_iterator([readme.read_text()], trainer)
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"])
    tokenizer.add_tokens(["<think>"])
    begin = ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[begin]
    )
    return tokenizer


def parts_of(tokenizer):
    """Return what llama.cpp's converter takes from a byte-level tokenizer."""
    ids = tokenizer.get_vocab()
    tokens = sorted(ids, key=ids.get)
    kinds = {"<think>": USER_DEFINED}
    return {
        "tokens": tokens,
        "types": [CONTROL if t.startswith("<|") else kinds.get(t, NORMAL) for t in tokens],
        "merges": [" ".join(m) for m in json.loads(tokenizer.to_str())["model"]["merges"]],
        "bos_token_id": ids["<|begin_of_text|>"],
        "eos_token_id": ids["<|end_of_text|>"],
    }


@pytest.mark.parametrize("pre", ["llama-bpe", "falcon3", "falcon_e"])
@pytest.mark.parametrize("text", TEXTS)
def test_byte_level_is_the_original(tmp_path, original, text, pre):
    own = codec(write(tmp_path / "m.gguf", model="gpt2", pre=pre, **parts_of(original)))
    tokens = own.encode(text)
    assert tokens == original.encode(text).ids
    stream = own.stream(tokens[:1])
    pieces = [*map(stream.push, tokens[1:]), stream.finish()]
    assert "".join(pieces) == original.decode(tokens, skip_special_tokens=True)


def test_the_file_decides_about_the_first_token(tmp_path, original):
    parts = parts_of(original)
    without = write(
        tmp_path / "m.gguf", model="gpt2", pre="llama-bpe", add_bos_token=False, **parts
    )
    assert codec(without).encode("a") == original.encode("a").ids[1:]


BYTE_LEVEL = {"tokens": ["a", "b", "c", "ab", "abc", "\u0120"], "merges": ["a b"]}


def test_whole_words_by_hand(tmp_path):
    # No merge makes the word of three letters.
    gpt2 = write(tmp_path / "gpt2.gguf", model="gpt2", pre="gpt-2", **BYTE_LEVEL)
    assert codec(gpt2).encode("abc ab") == [3, 2, 5, 3]
    llama3 = write(tmp_path / "llama3.gguf", model="gpt2", pre="llama-bpe", **BYTE_LEVEL)
    assert codec(llama3).encode("abc ab") == [4, 5, 3]


def test_no_pre_tokenizer_is_gpt2_s(tmp_path):
    path = write(tmp_path / "m.gguf", model="gpt2", **BYTE_LEVEL)
    assert codec(path).encode("abc") == [3, 2]


SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
PIECES = [
    ("<unk>", 0.0, UNKNOWN),
    ("<s>", 0.0, CONTROL),
    ("</s>", 0.0, CONTROL),
    *((f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)),
    (f"{SPACE}the", -1.0, NORMAL),
    (f"{SPACE}t", -2.0, NORMAL),
    ("he", -3.0, NORMAL),
    ("h", -4.0, NORMAL),
    ("e", -5.0, NORMAL),
    ("t", -6.0, NORMAL),
    (SPACE, -7.0, NORMAL),
    ("a", -8.0, NORMAL),
]


def write_pieces(path, **keys):
    tokens, scores, types = (list(column) for column in zip(*PIECES, strict=True))
    return write(
        path,
        model="llama",
        pre="default",
        tokens=tokens,
        scores=scores,
        types=types,
        bos_token_id=1,
        eos_token_id=2,
        unknown_token_id=0,
        **keys,
    )


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("the the", [1, 259, 259]),
        # A space, then bytes 0A, E2, 82 and AC as they are.
        ("a\n\u20ac", [1, 265, 266, 3 + 0x0A, 3 + 0xE2, 3 + 0x82, 3 + 0xAC]),
        ("</s>a", [1, 2, 266]),
    ],
)
def test_sentencepiece_by_hand(tmp_path, text, tokens):
    own = codec(write_pieces(tmp_path / "m.gguf"))
    assert own.encode(text) == tokens
    stream = own.stream([1])
    pieces = [*map(stream.push, tokens[1:]), stream.finish()]
    assert "".join(pieces) == text.replace("</s>", "")


def test_sentencepiece_without_the_space_before_the_text(tmp_path):
    own = codec(write_pieces(tmp_path / "m.gguf", add_space_prefix=False))
    assert own.encode("the the") == [1, 264, 261, 259]
    stream = own.stream([1])
    assert [stream.push(259), stream.push(259)] == [" the", " the"]


def test_bytes_by_the_marker(tmp_path):
    assert isinstance(gguf_codec(tmp_path / "m.gguf", BYTES_MARKER), ByteCodec)
    with pytest.raises(
        ConfigError, match=r"m\.gguf: bitnet_hw_tokenizer must be 'bytes', not 'words'$"
    ):
        gguf_codec(tmp_path / "m.gguf", {"bitnet_hw_tokenizer": "words"})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"model": None}, "model must be one of gpt2, llama, not missing"),
        ({"model": "rwkv"}, "model must be one of gpt2, llama, not 'rwkv'"),
        ({"tokens": None}, "tokens must be an array of text, not missing"),
        ({"merges": None}, "merges must be an array, not missing"),
        (
            {"model": "llama", "merges": None},
            "scores or tokenizer.ggml.merges must be an array, not missing",
        ),
        (
            {"bos_token_id": 6},
            "bos_token_id must be below the number of tokens (6), not 6",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path, parts, message):
    path = write(tmp_path / "m.gguf", **({"model": "gpt2"} | BYTE_LEVEL | parts))
    with pytest.raises(CheckpointError) as caught:
        codec(path)
    assert str(caught.value) == f"{path}: tokenizer.ggml.{message}"


def test_unknown_way_to_split(tmp_path):
    path = write(tmp_path / "m.gguf", model="gpt2", pre="mine", **BYTE_LEVEL)
    with pytest.raises(
        CheckpointError,
        match=r": tokenizer\.ggml\.pre must be one of .*, default, .*, llama-bpe, .*, not 'mine'$",
    ):
        codec(path)


@pytest.mark.parametrize("merge", ["a b", "a", "", "\u263a a", "a b c"])
def test_merges_join_tokens(tmp_path, merge):
    tokens = ["a", "b", "\u263a", "\u263aa", "b c"]
    path = write(tmp_path / "m.gguf", model="gpt2", tokens=tokens, merges=[merge])
    with pytest.raises(CheckpointError) as caught:
        codec(path)
    assert str(caught.value) == (
        f"{path}: tokenizer.ggml.merges must each join two tokens to a third, not {merge!r}"
    )


def test_what_transformers_cannot_read(tmp_path):
    path = write(tmp_path / "m.gguf", model="llama", tokens=["a"], scores=[-1.0])
    with pytest.raises(
        CheckpointError,
        match=r": tokenizer\.ggml\.\* must be a tokenizer that transformers can read: ",
    ):
        gguf_codec(tmp_path / "none.gguf", read_gguf_header(path).values)


def test_older_transformers(tmp_path, monkeypatch):
    path = write(tmp_path / "m.gguf", model="gpt2", **BYTE_LEVEL)
    monkeypatch.setitem(sys.modules, "transformers.integrations.gguf", None)
    with pytest.raises(
        ToolMissing, match=r"^The tokenizer of a GGUF file needs transformers 5\.23"
    ):
        codec(path)
