"""Parameters that all commands share which read a checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from bitnet_hw.checkpoint.i2s_layout import I2sLayout

__all__ = ["CheckpointArgument", "I2sOption"]

CheckpointArgument = Annotated[
    Path, typer.Argument(metavar="CHECKPOINT", help="Hugging Face folder, .safetensors or .gguf.")
]

I2sOption = Annotated[
    I2sLayout | None,
    typer.Option(
        "--i2s-layout", help="Layout of I2_S weights in a .gguf file, which does not tell it."
    ),
]
