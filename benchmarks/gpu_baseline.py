"""FP16 LLaMA of the 3B shape on this machine's GPU, as a system that `bitnet-hw` predicts with.

Random weights in PyTorch, decoding at batch 1 and 16 after a prompt, kernel by kernel without
compilation; joules from NVML's energy counter, or from the power that nvidia-smi samples. Two files
are written: the system, whose share of the memory's peak comes from batch 1, and a set of figures
for `bitnet-hw reproduce`, in which batch 16 tests that system. Peaks are those of the data sheet:
no program can ask for them.

Example: python benchmarks/gpu_baseline.py -o out/gpu --peak-tflops 989 --peak-gb-per-s 3350
"""

import datetime
import functools
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.cli import run_guarded
from bitnet_hw.errors import ToolMissing
from bitnet_hw.model import FP16_BYTES, Model, load_model

MODEL = "bitnet-b1.58-3b"
BATCHES = (1, 16)
WARM_UP = 8
Meter = Callable[[Callable[[], object]], tuple[float, float]]
_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Device:
    """The GPU and the software that drives it."""

    name: str
    driver: str
    torch: str
    memory_gb: float


@dataclass(frozen=True)
class Measurement:
    """Decoding steps at one batch size.

    Parameters
    ----------
    batch, context : int
        Sequences, and tokens of each in the middle of the measured steps.
    steps : int
        Steps measured.
    seconds, joules : float
        Duration and energy of all of them.
    """

    batch: int
    context: int
    steps: int
    seconds: float
    joules: float

    @property
    def tokens_per_second(self) -> float:
        """Throughput of all sequences."""
        return self.batch * self.steps / self.seconds

    @property
    def joules_per_token(self) -> float:
        """Energy of the card for one token."""
        return self.joules / (self.batch * self.steps)

    @property
    def watts(self) -> float:
        """Mean power of the card."""
        return self.joules / self.seconds


def moved_bytes(model: Model, measurement: Measurement) -> int:
    """Return what a step reads: weights of the layers, lm_head, keys and values, in FP16."""
    weights = (model.ternary_parameters + model.vocab * model.hidden) * FP16_BYTES
    cache = model.layers * 2 * model.kv_dim * FP16_BYTES
    return weights + cache * measurement.context * measurement.batch


def system_yaml(
    device: Device,
    model: Model,
    first: Measurement,
    *,
    peak_tflops: float,
    peak_gb_per_s: float,
    date: datetime.date,
) -> str:
    """Return the system that a measurement at batch 1 describes."""
    where = f"benchmarks/gpu_baseline.py on {date:%Y-%m-%d}"
    rate = moved_bytes(model, first) * first.steps / first.seconds
    sheet = "data sheet, given on the command line"
    figures = {
        "title": f"{device.name}, PyTorch FP16, measured",
        "source": f"{where}: driver {device.driver}, torch {device.torch}",
        "status": "measured, kernel by kernel without compilation; the peaks are those of the "
        "data sheet",
        "units": {"gpu": {"gmacs_per_second": _figure(peak_tflops * 500, sheet, "primary")}},
        "memory": {
            "peak_gb_per_s": _figure(peak_gb_per_s, sheet, "primary"),
            "efficiency": _figure(
                min(1.0, rate / (peak_gb_per_s * 1e9)),
                f"{where}: bytes of a step at batch 1, context {first.context}, over its "
                f"{1e3 * first.seconds / first.steps:.3f} ms and the peak",
                "derived",
            ),
            "capacity_gb": _figure(device.memory_gb, "torch.cuda", "primary"),
        },
        "operators": {
            "linear": {"fp16": {"unit": "gpu"}},
            "attention": {"unit": "gpu"},
            "lm_head": {"unit": "gpu"},
        },
        "power": {"board": {"decode_w": _figure(first.watts, f"{where}: NVML", "primary")}},
    }
    return _dump(figures)


def figures_yaml(
    device: Device, model: Model, measurements: list[Measurement], system: Path, date: datetime.date
) -> str:
    """Return the measured throughputs and energies as figures for `bitnet-hw reproduce`."""
    figures: list[dict[str, Any]] = []
    for measurement in measurements:
        step = {
            "system": str(system),
            "model": model.name,
            "weights": "fp16",
            "batch": measurement.batch,
            "context": measurement.context,
        }
        # The system was derived from the first.
        kind = "calibration" if measurement is measurements[0] else "reproduced"
        missing = "launches of kernels, which the share of the peak at batch 1 holds"
        common = {"scope": "whole model, one card", "kind": kind, "missing": missing}
        figures += [
            {
                "figure": f"{model.name} in FP16, batch {measurement.batch}",
                "published": round(measurement.tokens_per_second, 4),
                "unit": "tokens/s",
                **common,
                "predict": {**step, "quantity": "tokens_per_second"},
            },
            {
                "figure": f"{model.name} in FP16, batch {measurement.batch}, energy of a token",
                "published": round(measurement.joules_per_token, 6),
                "unit": "J",
                **common,
                "predict": {**step, "quantity": "joules_per_token", "scope": "board"},
            },
        ]
    return _dump({
        "title": f"FP16 decoding on {device.name}",
        "source": f"benchmarks/gpu_baseline.py on {date:%Y-%m-%d}: driver {device.driver}, "
        f"torch {device.torch}",
        "figures": figures,
    })


def main(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for both files.")],
    peak_tflops: Annotated[float, typer.Option(min=0.1, help="Dense FP16, from the data sheet.")],
    peak_gb_per_s: Annotated[float, typer.Option(min=1, help="Memory, from the data sheet.")],
    steps: Annotated[int, typer.Option(min=1, help="Decoding steps to measure.")] = 128,
    prompt: Annotated[int, typer.Option(min=1, help="Tokens before them.")] = 448,
) -> None:
    """Measure FP16 decoding of the 3B shape on this machine's GPU, and write it as a system."""
    device = find_device()
    prepare_folder(output)
    model = load_model(MODEL)
    measurements = measure(model, steps=steps, prompt=prompt)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    peaks = {"peak_tflops": peak_tflops, "peak_gb_per_s": peak_gb_per_s}
    system = system_yaml(device, model, measurements[0], **peaks, date=today)
    figures = figures_yaml(device, model, measurements, output / "gpu.yaml", today)
    contents = {"gpu.yaml": system.encode(), "gpu-figures.yaml": figures.encode()}
    for path in write_files(output, contents):
        print(f"{path}: written")
    for measurement in measurements:
        print(
            f"batch {measurement.batch}: {measurement.tokens_per_second:.1f} tokens/s, "
            f"{measurement.joules_per_token:.3f} J per token, {measurement.watts:.0f} W"
        )


def find_device() -> Device:
    """Return the GPU that PyTorch would use.

    Raises
    ------
    ToolMissing
        If there is none.
    """
    try:
        import torch
    except ImportError as error:
        raise ToolMissing(
            "PyTorch must be installed to measure a GPU: pip install 'bitnet-hw[sim,models]'"
        ) from error
    if not torch.cuda.is_available():
        raise ToolMissing(
            "A GPU that PyTorch can use must be present to measure it: PyTorch "
            f"{torch.__version__} finds none (see nvidia-smi; for a build with CUDA, "
            "pip install torch --index-url https://download.pytorch.org/whl/cu128)"
        )
    properties = torch.cuda.get_device_properties(0)
    return Device(
        name=properties.name,
        driver=_nvidia_smi("driver_version"),
        torch=torch.__version__,
        memory_gb=properties.total_memory / 1e9,
    )


def measure(
    model: Model, *, steps: int, prompt: int, device: str = "cuda", meter: Meter | None = None
) -> list[Measurement]:
    """Decode with random weights at each batch size."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(
        hidden_size=model.hidden,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        num_key_value_heads=model.kv_heads,
        intermediate_size=model.ffn,
        vocab_size=model.vocab,
        max_position_embeddings=model.context,
        tie_word_embeddings=model.tied_embeddings,
    )
    torch.manual_seed(0)
    with torch.device(device):
        network = AutoModelForCausalLM.from_config(config, dtype=torch.float16).eval()
    measurements = []
    for batch in BATCHES:
        tokens = torch.randint(0, model.vocab, (batch, prompt), device=device)
        with torch.inference_mode():
            state = network(tokens, use_cache=True, logits_to_keep=1)

            def decode(count: int) -> None:
                nonlocal state
                for _ in range(count):
                    token = state.logits[:, -1:].argmax(-1)
                    state = network(token, past_key_values=state.past_key_values, use_cache=True)

            decode(WARM_UP)
            seconds, joules = (meter or metered)(functools.partial(decode, steps))
        middle = prompt + WARM_UP + steps // 2
        measurements.append(Measurement(batch, middle, steps, seconds, joules))
    return measurements


def metered(work: Callable[[], object]) -> tuple[float, float]:
    """Return duration and energy of work on the GPU: by NVML's counter if its package is there."""
    import torch

    def timed() -> float:
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        return time.perf_counter() - start

    counter = _energy_counter()
    if counter is not None:
        before = counter()
        seconds = timed()
        return seconds, counter() - before
    powers = [float(_nvidia_smi("power.draw"))]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            powers.append(float(_nvidia_smi("power.draw")))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    seconds = timed()
    done.set()
    sampler.join()
    # The first was taken before the work began.
    samples = powers[1:] or powers
    return seconds, seconds * math.fsum(samples) / len(samples)


def _energy_counter() -> Callable[[], float] | None:
    """Return a function that reads the energy of the card in J since its driver was loaded."""
    try:
        import pynvml  # type: ignore[import-not-found]  # optional
    except ImportError:
        return None
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3


def _nvidia_smi(field: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits", "--id=0"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolMissing(
            "nvidia-smi must run to read power and driver: it comes with NVIDIA's driver"
        ) from error
    return result.stdout.strip()


def _figure(nominal: float, source: str, status: str) -> dict[str, Any]:
    # Configuration files know no exponents.
    return {"nominal": round(nominal, 6), "source": source, "status": status}


def _dump(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
