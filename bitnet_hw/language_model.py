"""A checkpoint as a running language model of transformers, in fp32."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.reader import open_checkpoint
from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.gguf_network import gguf_network
from bitnet_hw.gguf_tokenizer import gguf_codec
from bitnet_hw.hf_network import hf_network
from bitnet_hw.text_codec import TextCodec, load_codec

if TYPE_CHECKING:
    from bitnet_hw.checkpoint.ternary import TernaryTensor
    from golden.bitlinear import Matmul

__all__ = ["LanguageModel", "load_language_model"]

# transformers asks for accelerate when it loads a checkpoint with packed weights.
_FOLDER_PACKAGES = ("torch", "transformers", "safetensors", "accelerate")
_GGUF_PACKAGES = ("torch", "transformers", "gguf")


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A model with its vocabulary.

    Parameters
    ----------
    path : Path
        The checkpoint: a folder, or a GGUF file.
    network : PreTrainedModel
        A causal language model of transformers, fp32, in evaluation mode; its ternary layers are
        those of the golden model.
    codec : TextCodec
        Text to tokens and back.
    tensors : tuple of TernaryTensor
        The ternary matrices of the checkpoint.
    """

    path: Path
    network: Any
    codec: TextCodec
    tensors: "tuple[TernaryTensor, ...]"

    @property
    def context(self) -> int:
        """Tokens that the model was made for, those of the prompt included."""
        return int(self.network.config.max_position_embeddings)

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return int(self.network.config.vocab_size)

    @property
    def stop_tokens(self) -> frozenset[int]:
        """Tokens after which the model has nothing to say."""
        stop = self.network.generation_config.eos_token_id
        return frozenset([] if stop is None else [stop] if isinstance(stop, int) else stop)

    def set_matmul(self, matmul: "Matmul") -> int:
        """Let `matmul` multiply in every ternary layer, in place; return their number."""
        from golden.network import set_matmul, ternary_layers

        set_matmul(self.network, matmul)
        return sum(1 for _ in ternary_layers(self.network))

    def check_fits(self, max_k: int) -> None:
        """Make sure that an array takes every ternary layer.

        Raises
        ------
        ConfigError
            If a layer has more than `max_k` inputs.
        """
        widest = max(self.tensors, key=lambda tensor: tensor.k)
        if widest.k > max_k:
            raise ConfigError(
                f"array.max_k must be at least {widest.k}, the inputs of {widest.name} in "
                f"{self.path}, not {max_k}"
            )


def load_language_model(path: Path, *, i2s_layout: I2sLayout | None = None) -> LanguageModel:
    """Load a checkpoint; nothing is downloaded and no code of it is run.

    Parameters
    ----------
    path : Path
        A folder with ``config.json``, ``*.safetensors`` and, unless the model's tokens are bytes, a
        tokenizer; or a ``.gguf`` file.
    i2s_layout : I2sLayout, optional
        Layout of I2_S tensors, which a GGUF file does not tell.

    Raises
    ------
    ConfigError
        If a file is missing, damaged, or does not fit the others.
    ToolMissing
        If transformers or something that it needs is not installed.
    """
    gguf = path.suffix == ".gguf" and not path.is_dir()
    _check_packages(_GGUF_PACKAGES if gguf else _FOLDER_PACKAGES)
    if not gguf and path.exists() and not path.is_dir():
        raise ConfigError(
            f"Checkpoint {path} must be a folder with config.json and *.safetensors, or a .gguf "
            "file, not another file"
        )
    checkpoint = open_checkpoint(path, i2s_layout=i2s_layout)
    with _quiet():
        if gguf:
            network, codec = gguf_network(checkpoint), gguf_codec(path, checkpoint.config)
        else:
            network, codec = hf_network(path), load_codec(path, checkpoint.config)
    return LanguageModel(path, network, codec, checkpoint.tensors)


def _check_packages(packages: tuple[str, ...]) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ToolMissing(
                f"Language models need {', '.join(packages)}, of which {package} is not "
                "installed: pip install 'bitnet-hw[models]'"
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from writing advice and progress bars to the terminal."""
    import transformers

    logging: Any = transformers.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
