"""Text to tokens, and tokens to text as they come."""

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from bitnet_hw.errors import ConfigError

__all__ = [
    "BYTES_MARKER",
    "ByteCodec",
    "ByteText",
    "TextCodec",
    "TextStream",
    "TokenizerCodec",
    "TokenizerText",
    "byte_codec",
    "load_codec",
]

BYTES_MARKER = {"bitnet_hw_tokenizer": "bytes"}
"""In ``config.json`` or the metadata of a GGUF file: each byte of the text is a token."""

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json")
_LARGEST_BYTE = 255
_TOKENS_BEFORE = 8
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextStream(Protocol):
    """Turns tokens into text, one after the other."""

    def push(self, token: int) -> str:
        """Take a token and return the text that is certain now, perhaps none."""
        ...

    def finish(self) -> str:
        """Return what is left: the start of a character that never came is replaced."""
        ...


class TextCodec(Protocol):
    """Translates between text and tokens."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a prompt."""
        ...

    def stream(self, prompt: Sequence[int]) -> TextStream:
        """Return a stream for the tokens that follow a prompt."""
        ...


class ByteCodec:
    """Each byte of the UTF-8 text is a token."""

    def encode(self, text: str) -> list[int]:
        """Return the bytes; what a shell passed on although it is no text stays what it was."""
        return list(text.encode("utf-8", "surrogateescape"))

    def stream(self, prompt: Sequence[int]) -> "ByteText":
        """Return a stream; it does not depend on the prompt."""
        return ByteText()


class ByteText:
    """Decodes UTF-8 byte by byte; what is no UTF-8 becomes U+FFFD."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """Take a byte and return the characters that it completes; other tokens have no text."""
        if token > _LARGEST_BYTE:
            return ""
        return self._decoder.decode(bytes([token]))

    def finish(self) -> str:
        """Return U+FFFD if the last character is incomplete."""
        return self._decoder.decode(b"", final=True)


class TokenizerCodec:
    """The tokenizer of a checkpoint.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        Of transformers.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a prompt, with those that the tokenizer puts before each text."""
        return list(self._tokenizer.encode(text))

    def stream(self, prompt: Sequence[int]) -> "TokenizerText":
        """Return a stream that starts where the prompt ends."""
        return TokenizerText(self._tokenizer, prompt)


class TokenizerText:
    """Decodes tokens that may hold parts of words and parts of characters.

    Some tokenizers drop the space before the first word that they decode, so a token cannot be
    decoded alone: the new text is what it adds to the text of the few tokens before it.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        Of transformers.
    prompt : sequence of int
        What came before.
    """

    def __init__(self, tokenizer: Any, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._before = list(prompt[-_TOKENS_BEFORE:])
        self._pending: list[int] = []

    def push(self, token: int) -> str:
        """Take a token; incomplete characters are held back."""
        self._pending.append(token)
        text = self._added()
        # A whole character may also be U+FFFD: it then waits for the next one.
        return "" if text.endswith(_REPLACEMENT) else self._show(text)

    def finish(self) -> str:
        """Return what was held back."""
        return self._show(self._added())

    def _added(self) -> str:
        return self._decode(self._before + self._pending)[len(self._decode(self._before)) :]

    def _show(self, text: str) -> str:
        if text:
            self._before, self._pending = self._pending, []
        return text

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return text


def byte_codec(source: Path, values: Mapping[str, Any]) -> ByteCodec | None:
    """Return the codec of a checkpoint whose tokens are bytes, by its marker; of others None.

    Parameters
    ----------
    source : Path
        File of the marker, for messages.
    values : mapping
        What the file says.

    Raises
    ------
    ConfigError
        If the marker is of an unknown kind.
    """
    key, value = next(iter(BYTES_MARKER.items()))
    if key not in values:
        return None
    if values[key] != value:
        raise ConfigError(f"{source}: {key} must be {value!r}, not {values[key]!r}")
    return ByteCodec()


def load_codec(folder: Path, config: Mapping[str, Any]) -> TextCodec:
    """Return the codec of a checkpoint folder; nothing is downloaded and no code of it is run.

    Parameters
    ----------
    folder : Path
        The checkpoint.
    config : mapping
        Its ``config.json``.

    Raises
    ------
    ConfigError
        If the folder has no tokenizer, or one that cannot be read.
    """
    bytes_only = byte_codec(folder / "config.json", config)
    if bytes_only is not None:
        return bytes_only
    if not any((folder / name).exists() for name in _TOKENIZER_FILES):
        raise ConfigError(
            f"Checkpoint {folder} must have a tokenizer ({', '.join(_TOKENIZER_FILES)}), not none"
        )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        # Each kind of tokenizer has its own exceptions for a damaged file.
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"The tokenizer of {folder} must be one that transformers can read: {reason}"
        ) from error
    return TokenizerCodec(tokenizer)
