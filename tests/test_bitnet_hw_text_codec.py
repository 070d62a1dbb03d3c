import json

import pytest

from bitnet_hw.errors import ConfigError
from bitnet_hw.text_codec import BYTES_MARKER, ByteCodec, TokenizerCodec, load_codec


def pieces(stream, tokens):
    return [*map(stream.push, tokens), stream.finish()]


def test_bytes_of_utf8():
    assert ByteCodec().encode("a\n\u00e9") == [97, 10, 0xC3, 0xA9]


def test_bytes_that_a_shell_passed_on_stay():
    assert ByteCodec().encode(b"a\xff".decode("utf-8", "surrogateescape")) == [97, 255]


def test_characters_come_when_they_are_whole():
    euro = list("\u20ac".encode())
    assert pieces(ByteCodec().stream([]), [65, *euro]) == ["A", "", "", "\u20ac", ""]


def test_what_is_no_utf8_is_replaced():
    assert pieces(ByteCodec().stream([]), [255, 66, 0xC3, 66, 0xE2]) == [
        "\ufffd",
        "B",
        "",
        "\ufffdB",
        "",
        "\ufffd",
    ]


def test_tokens_that_are_no_bytes_have_no_text():
    assert pieces(ByteCodec().stream([]), [65, 256, 66]) == ["A", "", "B", ""]


class Tokenizer:
    """Drops the space before the first word, and spreads one character over two tokens."""

    PARTS = (b"<s>", b" one", b" two", b"\n", "\u00e9".encode()[:1], "\u00e9".encode()[1:])

    def encode(self, text):
        return [0, 1]

    def decode(self, tokens, *, skip_special_tokens):
        assert skip_special_tokens
        data = b"".join(self.PARTS[token] for token in tokens if token)
        return data.decode("utf-8", "replace").removeprefix(" ")


def test_spaces_between_tokens_survive():
    codec = TokenizerCodec(Tokenizer())
    prompt = codec.encode("one")
    assert prompt == [0, 1]
    assert pieces(codec.stream(prompt), [2, 3, 1, 2]) == [" two", "\n", " one", " two", ""]


def test_characters_over_several_tokens():
    codec = TokenizerCodec(Tokenizer())
    assert pieces(codec.stream([0, 1]), [4, 5, 2]) == ["", "\u00e9", " two", ""]
    assert pieces(codec.stream([0, 1]), [2, 4]) == [" two", "", "\ufffd"]


def test_bytes_by_the_marker(tmp_path):
    assert isinstance(load_codec(tmp_path, BYTES_MARKER), ByteCodec)


def test_unknown_marker(tmp_path):
    with pytest.raises(
        ConfigError, match=r"config\.json: bitnet_hw_tokenizer must be 'bytes', not 'words'$"
    ):
        load_codec(tmp_path, {"bitnet_hw_tokenizer": "words"})


def test_no_tokenizer(tmp_path):
    with pytest.raises(ConfigError, match=r"must have a tokenizer \(tokenizer\.json, .*not none$"):
        load_codec(tmp_path, {"model_type": "llama"})


@pytest.fixture
def word_tokenizer(tmp_path):
    """Write a tokenizer of four words."""
    from tokenizers import Tokenizer as Words
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = Words(WordLevel({"<unk>": 0, "to": 1, "be": 2, "or": 3}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return tmp_path


def test_tokenizer_of_the_folder(word_tokenizer):
    codec = load_codec(word_tokenizer, {"model_type": "llama"})
    prompt = codec.encode("to be or")
    assert prompt == [1, 2, 3]
    assert pieces(codec.stream(prompt), [1, 2]) == [" to", " be", ""]


def test_damaged_tokenizer(word_tokenizer):
    (word_tokenizer / "tokenizer.json").write_text('{"version": ')
    with pytest.raises(ConfigError, match=r"^The tokenizer of .* transformers can read: "):
        load_codec(word_tokenizer, {"model_type": "llama"})
