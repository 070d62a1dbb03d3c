"""The tokenizer in the metadata of a GGUF file.

transformers builds it: byte-level BPE (``gpt2``) and SentencePiece (``llama``). Three things that
llama.cpp does otherwise are put right here: the words of a Llama 3 vocabulary are looked up whole
before they are merged from parts, and its texts begin with a BOS; a file may ask for no space
before the text; and there are no tokens beyond those of the file.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.gguf_header import ArrayLength
from bitnet_hw.errors import ToolMissing
from bitnet_hw.key_path import show
from bitnet_hw.text_codec import TextCodec, TokenizerCodec, byte_codec

__all__ = ["gguf_codec"]

_KEY = "tokenizer.ggml."
_MODELS = {"gpt2": ("merges",), "llama": ("scores", "merges")}
"""Kinds of tokenizers, and the arrays of which each needs one beside the tokens."""

# llama.cpp ``llama-vocab.cpp``, LLAMA_VOCAB_PRE_TYPE_LLAMA3. falcon_e: ik_llama.cpp.
_LLAMA3 = ("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "falcon_e")
_GPT2 = ("gpt-2", "default")
_TOKENS = ("bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id")


def gguf_codec(path: Path, values: Mapping[str, Any]) -> TextCodec:
    """Return the codec of a GGUF file.

    Parameters
    ----------
    path : Path
        The file.
    values : mapping
        Its metadata, of arrays the length.

    Raises
    ------
    ConfigError
        If the file has no tokenizer, or one of an unknown kind, or a damaged one.
    ToolMissing
        If transformers is too old.
    """
    bytes_only = byte_codec(path, values)
    if bytes_only is not None:
        return bytes_only
    builder = _builder()
    _check(path, values, {*builder.GGUF_PRE_TOKENIZER_SPLITS, *_LLAMA3, *_GPT2})
    with _readable(path):
        _, parts, settings = builder.get_gguf_tokenizer(str(path))
    _check_merges(path, parts, set(builder.bytes_to_unicode().values()))
    pre = parts.get("pre_tokenizer_type")
    if pre in _LLAMA3:
        # transformers knows the rule, but not by all of its names.
        parts["pre_tokenizer_type"] = _LLAMA3[0]
    with _readable(path):
        backend, _ = builder.convert_gguf_tokenizer("llama", parts)
    backend = _without_strangers(backend, len(parts["tokens"]))
    if pre in _LLAMA3:
        backend.model.ignore_merges = True
        settings.setdefault("add_bos_token", True)
    if parts["tokenizer_type"] == "llama" and not values.get(f"{_KEY}add_space_prefix", True):
        _drop_space_prefix(backend)
    return TokenizerCodec(_tokenizer(backend, settings))


def _builder() -> Any:
    try:
        from transformers.integrations.gguf import gguf_tokenizer_mapping
    except ImportError:
        raise ToolMissing(
            "The tokenizer of a GGUF file needs transformers 5.23 or newer: "
            "pip install 'bitnet-hw[models]'"
        ) from None
    return gguf_tokenizer_mapping


def _check(path: Path, values: Mapping[str, Any], splits: Collection[str]) -> None:
    """Make sure that the file has all that is needed, and asks for a way to split that is known."""
    kind = values.get(f"{_KEY}model")
    if kind not in _MODELS:
        given = "missing" if kind is None else show(kind)
        raise CheckpointError(
            f"{path}: {_KEY}model must be one of {', '.join(_MODELS)}, not {given}"
        )
    tokens = values.get(f"{_KEY}tokens")
    if not isinstance(tokens, ArrayLength) or not tokens.length:
        raise CheckpointError(f"{path}: {_KEY}tokens must be an array of text, not missing")
    if not any(isinstance(values.get(_KEY + name), ArrayLength) for name in _MODELS[kind]):
        wanted = f" or {_KEY}".join(_MODELS[kind])
        raise CheckpointError(f"{path}: {_KEY}{wanted} must be an array, not missing")
    pre = values.get(f"{_KEY}pre", "default")
    if kind == "gpt2" and pre not in splits:
        raise CheckpointError(
            f"{path}: {_KEY}pre must be one of {', '.join(sorted(splits))}, not {show(pre)}"
        )
    for name in _TOKENS:
        token = values.get(_KEY + name, 0)
        if isinstance(token, bool) or not isinstance(token, int) or token >= tokens.length:
            raise CheckpointError(
                f"{path}: {_KEY}{name} must be below the number of tokens ({tokens.length}), "
                f"not {show(token)}"
            )


def _check_merges(path: Path, parts: Mapping[str, Any], alphabet: set[str]) -> None:
    """Make sure that merges join tokens: the tokenizers package aborts on others."""
    tokens = set(parts["tokens"])
    if parts["tokenizer_type"] == "gpt2":
        # Others are spelt anew, byte by byte.
        tokens = {token for token in tokens if alphabet.issuperset(token)}
    for merge in parts.get("merges", ()):
        left, _, right = merge.partition(" ")
        if not tokens.issuperset((left, right, left + right)):
            raise CheckpointError(
                f"{path}: {_KEY}merges must each join two tokens to a third, not {show(merge)}"
            )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Each part of a tokenizer has its own exceptions for what does not fit together.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(
            f"{path}: {_KEY}* must be a tokenizer that transformers can read: {reason}"
        ) from error


def _without_strangers(backend: Any, count: int) -> Any:
    """Return a tokenizer without the special tokens that a class of transformers brings along."""
    if backend.get_vocab_size() <= count:
        return backend
    from tokenizers import Tokenizer

    data = json.loads(backend.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if token["id"] < count]
    return Tokenizer.from_str(json.dumps(data))


def _drop_space_prefix(backend: Any) -> None:
    from tokenizers import decoders, pre_tokenizers

    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    backend.decoder = decoders.Sequence([
        decoders.Replace("\N{LOWER ONE EIGHTH BLOCK}", " "),
        decoders.ByteFallback(),
        decoders.Fuse(),
    ])


def _tokenizer(backend: Any, settings: dict[str, Any]) -> Any:
    from transformers import PreTrainedTokenizerFast

    # A template for chats is a program, and nothing here runs it.
    settings.pop("chat_template", None)
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=backend, **settings)
