"""One token of a whole language model in GenZ: ``genz_model.py QUESTION ANSWER``.

A roofline: weights and activations in 8 bits, on a machine that is no more than a rate and a
bandwidth (2 x 32 x 32 operations at 500 MHz, 25.6 GB/s).
"""

from typing import Any

from GenZ import decode_moddeling
from GenZ.Models import ModelConfig
from measured import answer

MACHINE = {"Flops": 1.024, "Memory_size": 8, "Memory_BW": 25.6, "ICN": 0, "real_values": True}


def evaluate(question: dict[str, Any]) -> dict[str, float]:
    """Return the time of a token."""
    model = ModelConfig(
        model=question["name"],
        hidden_size=question["hidden"],
        num_attention_heads=question["heads"],
        num_ffi=2,
        intermediate_size=question["ffn"],
        num_decoder_layers=question["layers"],
        vocab_size=question["vocab"],
    )
    found = decode_moddeling(
        model=model,
        batch_size=1,
        Bb=1,
        input_tokens=question["context"],
        output_tokens=0,
        system_name=MACHINE,
        bits="int8",
    )
    return {"seconds": found["Latency"] / 1e3}


if __name__ == "__main__":
    answer(evaluate)
