"""A checkpoint folder as a running language model of transformers, in fp32."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitnet_hw.checkpoint.reader import open_checkpoint
from bitnet_hw.errors import ConfigError, ToolMissing
from bitnet_hw.text_codec import TextCodec, load_codec

if TYPE_CHECKING:
    from bitnet_hw.checkpoint.ternary import TernaryTensor
    from golden.bitlinear import Matmul

__all__ = ["LanguageModel", "load_language_model"]

# transformers asks for accelerate when it loads a checkpoint with packed weights.
_PACKAGES = ("torch", "transformers", "safetensors", "accelerate")


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A model with its vocabulary.

    Parameters
    ----------
    folder : Path
        The checkpoint.
    network : PreTrainedModel
        A causal language model of transformers, fp32, in evaluation mode; its ternary layers are
        those of the golden model.
    codec : TextCodec
        Text to tokens and back.
    tensors : tuple of TernaryTensor
        The ternary matrices of the checkpoint.
    """

    folder: Path
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
                f"{self.folder}, not {max_k}"
            )


def load_language_model(folder: Path) -> LanguageModel:
    """Load a checkpoint folder; nothing is downloaded and no code of it is run.

    Parameters
    ----------
    folder : Path
        ``config.json``, ``*.safetensors`` and, unless the model's tokens are bytes, a tokenizer.

    Raises
    ------
    ConfigError
        If a file is missing, damaged, or does not fit the others.
    ToolMissing
        If transformers or something that it needs is not installed.
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise ToolMissing(
                f"Language models need {', '.join(_PACKAGES)}, of which {package} is not "
                "installed: pip install 'bitnet-hw[models]'"
            )
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            f"Checkpoint {folder} must be a folder with config.json and *.safetensors, not a file"
        )
    checkpoint = open_checkpoint(folder)
    with _quiet():
        network = _load_network(folder)
        _replace_layers(folder, network)
        codec = load_codec(folder, checkpoint.config)
    return LanguageModel(folder, network, codec, checkpoint.tensors)


def _load_network(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    load: Any = AutoModelForCausalLM.from_pretrained
    try:
        network, info = load(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"Checkpoint {folder} must be one that transformers can load: {_first_line(error)}"
        ) from error
    # transformers fills what a file lacks with random numbers, and skips what it does not know.
    for key, complaint in (
        ("missing_keys", "lacks"),
        ("mismatched_keys", "has another shape of"),
        ("unexpected_keys", "holds also"),
    ):
        names = sorted(str(name) for name in info[key])
        if names:
            more = f" and {len(names) - 1} more" if names[1:] else ""
            raise ConfigError(
                f"Checkpoint {folder} must hold the weights of {type(network).__name__}, "
                f"but it {complaint} {names[0]}{more}"
            )
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight).all():
            raise ConfigError(f"Checkpoint {folder} must hold finite weights, but {name} does not")
    return network.eval()


def _replace_layers(folder: Path, network: Any) -> None:
    """Put the golden model's layers in the place of transformers'."""
    from golden.matmul import ternary_matmul
    from sim.rtl_bitlinear import replace_bitlinear

    try:
        count = replace_bitlinear(network, ternary_matmul)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Checkpoint {folder} must be a BitNet model: {error}") from error
    if count == 0:
        raise ConfigError(
            f"{folder}/config.json: quantization_config must be given, with quant_method bitnet: "
            "without it no layer is ternary"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


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
