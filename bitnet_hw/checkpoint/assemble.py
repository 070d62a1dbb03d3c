"""From the tensors of a file to one ternary tensor for each projection of the model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.names import ROLES, WeightName
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.checkpoint.ternary import TernaryTensor
from bitnet_hw.key_path import show
from bitnet_hw.model import Model

__all__ = ["Slice", "assemble", "split_names"]


@dataclass(frozen=True)
class Slice:
    """The rows of one projection in a stored tensor.

    Parameters
    ----------
    weight : StoredTensor
        The tensor.
    scale : StoredTensor or None
        The scale beside it.
    first_row : int
        Row of the tensor that is the projection's first.
    part, parts : int
        Number of the projection among those that the tensor stacks, and how many those are.
    rows, n, k : int
        Rows of the whole matrix, rows of the projection, columns.
    """

    weight: StoredTensor
    scale: StoredTensor | None
    first_row: int
    part: int
    parts: int
    rows: int
    n: int
    k: int

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise CheckpointError if the tensor in the file does not have this shape."""
        if self.weight.shape != shape:
            raise CheckpointError(
                f"{self.weight.path}: {show(self.weight.name)} must have the shape {list(shape)}, "
                f"as the configuration says, not {list(self.weight.shape)}"
            )


def split_names(
    tensors: Mapping[str, StoredTensor], read_name: Callable[[str], WeightName | None]
) -> tuple[dict[tuple[int, tuple[str, ...], str], StoredTensor], dict[str, StoredTensor]]:
    """Separate projections, by layer, roles and part, from all other tensors, by name.

    Raises
    ------
    CheckpointError
        If a projection has a bias, or is there twice under different names.
    """
    found: dict[tuple[int, tuple[str, ...], str], StoredTensor] = {}
    others = {}
    for name, tensor in tensors.items():
        meaning = read_name(name)
        if meaning is None:
            others[name] = tensor
            continue
        if meaning.part == "bias":
            raise CheckpointError(
                f"{tensor.path}: A ternary projection must have no bias, but {show(name)} is one"
            )
        key = (meaning.layer, meaning.roles, meaning.part)
        if key in found:
            raise CheckpointError(
                f"{tensor.path}: {show(name)} must be the only such tensor, "
                f"but {show(found[key].name)} is one too"
            )
        found[key] = tensor
    return found, others


def assemble(
    path: Path,
    model: Model,
    found: Mapping[tuple[int, tuple[str, ...], str], StoredTensor],
    make: Callable[[Slice, int, str], TernaryTensor],
) -> tuple[TernaryTensor, ...]:
    """Return every projection of the model, in the order of use.

    Parameters
    ----------
    path : Path
        The checkpoint, for messages.
    model : Model
        Shape.
    found : mapping
        The tensors of projections, by layer, roles and part.
    make : callable
        Makes the projection of a slice, a layer and a role.

    Raises
    ------
    CheckpointError
        If a projection is missing, is there both alone and stacked, or is of a layer too many.
    """
    sizes = dict(zip(ROLES, ((p.n, p.k) for p in model.projections), strict=True))
    weights: dict[tuple[int, str], Slice] = {}
    for (layer, roles, part), tensor in found.items():
        if part != "weight":
            if (layer, roles, "weight") not in found:
                raise CheckpointError(f"{path} must have the weight of {show(tensor.name)}")
            continue
        if layer >= model.layers:
            raise CheckpointError(
                f"{path} must have {model.layers} layers, as the configuration says, "
                f"but has {show(tensor.name)}"
            )
        rows = sum(sizes[role][0] for role in roles)
        first_row = 0
        for number, role in enumerate(roles):
            n, k = sizes[role]
            if (layer, role) in weights:
                raise CheckpointError(
                    f"{path} must have {role} of layer {layer} once, "
                    "not both alone and in a fused tensor"
                )
            scale = found.get((layer, roles, "scale"))
            weights[layer, role] = Slice(tensor, scale, first_row, number, len(roles), rows, n, k)
            first_row += n
    tensors = []
    for layer in range(model.layers):
        for role in ROLES:
            if (layer, role) not in weights:
                raise CheckpointError(
                    f"{path} must have the projection {role} of each of its {model.layers} layers, "
                    f"but layer {layer} has none"
                )
            tensors.append(make(weights[layer, role], layer, role))
    return tuple(tensors)
