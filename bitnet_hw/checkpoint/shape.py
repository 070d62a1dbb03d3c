"""The shape of the model in a checkpoint, without NumPy and without its weights."""

from pathlib import Path

from bitnet_hw.checkpoint.gguf_header import read_gguf_header
from bitnet_hw.checkpoint.gguf_shape import gguf_model
from bitnet_hw.checkpoint.hf_config import read_hf_config
from bitnet_hw.model import Model

__all__ = ["read_shape"]


def read_shape(path: Path) -> Model:
    """Return the shape of a model.

    Parameters
    ----------
    path : Path
        A ``.gguf`` file, a ``.json`` file, a folder with ``config.json``, or a file beside it.

    Raises
    ------
    CheckpointError
        If the file is missing or wrong.
    """
    if path.suffix == ".gguf":
        return gguf_model(read_gguf_header(path))
    if path.suffix == ".json":
        return read_hf_config(path).model
    return read_hf_config((path if path.is_dir() else path.parent) / "config.json").model
