"""A model of two layers, small enough to work out by hand."""

from bitnet_hw.model import Model

__all__ = ["SMALL"]

SMALL = Model(
    name="small",
    hidden=64,
    layers=2,
    heads=4,
    kv_heads=2,
    head_dim=16,
    ffn=160,
    vocab=500,
    context=256,
    tied_embeddings=False,
    activation="silu",
    sub_norms=True,
)
