"""Opening a checkpoint of any supported kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.names import ROLES
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import TernaryMatrix, TernaryTensor
from bitnet_hw.model import Model

__all__ = ["Checkpoint", "open_checkpoint"]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint whose headers have been read and found to fit together.

    Parameters
    ----------
    path : Path
        File or folder.
    kind : str
        What it is, for people.
    model : Model
        Shape.
    tensors : tuple of TernaryTensor
        Every projection, in the order in which a token passes them.
    others : mapping of str to StoredTensor
        All that is not ternary (embeddings, norms, lm_head), by the file's names; `raw.read_floats`
        reads them.
    config : mapping
        ``config.json``, or the metadata of a GGUF file.
    rotary_pairs : bool
        Rows of q and k are in llama.cpp's order, the two halves of each head interleaved, as its
        converter leaves them for the architecture ``llama``.
    """

    path: Path
    kind: str
    model: Model
    tensors: tuple[TernaryTensor, ...]
    others: Mapping[str, StoredTensor]
    config: Mapping[str, Any]
    rotary_pairs: bool = False

    def tensor(self, layer: int, role: str) -> TernaryTensor:
        """Return what is known of a projection, by layer and role (see `names.ROLES`)."""
        return self.tensors[layer * len(ROLES) + ROLES.index(role)]

    def ternary(self, layer: int, role: str) -> TernaryMatrix:
        """Read a projection's matrix."""
        return self.tensor(layer, role).matrix()


def open_checkpoint(path: Path | str, *, i2s_layout: I2sLayout | None = None) -> Checkpoint:
    """Open a checkpoint: reads headers only, weights when asked for.

    Parameters
    ----------
    path : Path or str
        A Hugging Face folder (``config.json`` and ``*.safetensors``), a ``.safetensors`` file with
        ``config.json`` beside it, or a ``.gguf`` file.
    i2s_layout : I2sLayout, optional
        Layout of I2_S tensors, which such a file does not tell.

    Raises
    ------
    CheckpointError
        If a file is missing, damaged, or does not fit the others.
    ToolMissing
        If a package is needed that is not installed.
    """
    # Imported here: each kind has its own libraries.
    path = Path(path)
    if path.suffix == ".gguf":
        from bitnet_hw.checkpoint.gguf_checkpoint import open_gguf

        return open_gguf(path, i2s_layout)
    if path.is_dir() or path.suffix == ".safetensors":
        from bitnet_hw.checkpoint.hf_checkpoint import open_hf

        return open_hf(path)
    if not path.exists():
        raise CheckpointError(f"Checkpoint {path} must exist")
    raise CheckpointError(
        f"Checkpoint {path} must be a Hugging Face folder, a .safetensors file or a .gguf file"
    )
