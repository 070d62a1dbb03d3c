"""Arrays of several sizes on FPGAs, placed and routed: clock, resources, and how they scale.

Prints the tables of docs/fpga.md, in Markdown, or everything as JSON. What has been placed before
is taken from the cache of `bitnet-hw characterize --target`, with the seconds of the first time.

Example: python benchmarks/fpga.py --case ecp5-85k:8x8 --seeds 3
"""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import yaml

from bitnet_hw.cli import run_guarded
from bitnet_hw.config import Config, config_from_mapping
from bitnet_hw.errors import ConfigError
from bitnet_hw.fpga.flow import implement
from bitnet_hw.fpga.implementation import Implementation, resources
from bitnet_hw.fpga.target import find_target
from bitnet_hw.output import json_text, write

# The widest layer of BitNet b1.58 2B-4T has 6,912 inputs. A word of weights is a whole tile.
LARGE = """
array:
  weight_encoding: trit5
  max_tokens: 4
  max_k: 6912
"""
# An iCE40 has no RAM in look-up tables: the partial sums of several tokens would be registers.
SMALL = """
array:
  weight_encoding: trit5
  max_tokens: 1
  max_k: 512
"""
BASES = {"ecp5": LARGE, "ice40": SMALL}
CASES = (
    "ecp5-85k:4x8",
    "ecp5-85k:8x8",
    "ecp5-85k:8x16",
    "ecp5-85k:16x16",
    "ecp5-85k:16x32",
    "ecp5-85k:32x16",
    "ecp5-85k:8x16:1",
    "ice40-hx8k:4x4",
    "ice40-up5k:4x4",
)
COLUMNS = (
    "device",
    "rows",
    "lanes",
    "registers every",
    "logic",
    "LUT4",
    "FF",
    "carry",
    "BRAM",
    "DSP",
    "fmax MHz, best / median",
    "seeds",
    "GMAC/s",
    "logic per MAC",
    "bitstream",
    "s, synthesis + one seed",
)


def parse_case(text: str) -> tuple[str, Config]:
    """Return device and array of ``DEVICE:ROWSxLANES[:LEVELS[:STYLE]]``."""
    device, _, rest = text.partition(":")
    size, _, rest = rest.partition(":")
    every, _, style = rest.partition(":")
    sizes = size.split("x")
    numbers = [*sizes, every or "2"]
    if len(sizes) != 2 or not all(item.isdecimal() and int(item) > 0 for item in numbers):
        raise ConfigError(f"--case must be like ecp5-85k:8x16 or ecp5-85k:8x16:1, not {text!r}")
    rows, lanes, levels = map(int, numbers)
    overrides = {
        "array.rows": rows,
        "array.lanes": lanes,
        "array.weight_bus_bits": 8 * -(-rows * lanes // 5),
        "array.output_bus_words": min(rows, 4) if device.startswith("ecp5") else 1,
        "array.tree_register_every": levels,
        "array.lane_style": style or "select",
    }
    base = yaml.safe_load(BASES[find_target(device).family.name])
    return device, config_from_mapping(base, source=size, overrides=overrides)


def row(result: Implementation) -> list[str]:
    """Return a line of the table; wrapper taken off."""
    inside = resources(result.synthesis.accelerator, result.target)
    geometry, clocks, best = result.config.array, result.fmax_mhz, result.best
    return [
        result.target.name,
        str(geometry.rows),
        str(geometry.lanes),
        str(geometry.tree_register_every),
        f"{result.logic:,}",
        *(f"{inside[kind]:,}" for kind in ("lut", "register", "carry", "block_ram", "dsp")),
        f"{clocks['best']:.1f} / {clocks['median']:.1f}",
        str(len(result.placements)),
        f"{result.peak_gmacs:.2f}",
        f"{result.logic_per_mac:.1f}",
        f"{best.bitstream_bytes:,}",
        f"{result.synthesis.seconds:.0f} + {best.place_and_route_s:.0f}",
    ]


def path(result: Implementation) -> list[str]:
    """Return what limits the clock."""
    found = result.best.critical_path
    size = f"{result.config.array.rows}x{result.config.array.lanes}"
    return [
        result.target.name,
        size,
        str(result.config.array.tree_register_every),
        found.start,
        found.end,
        f"{found.logic_ns:.2f}",
        f"{found.routing_ns:.2f}",
    ]


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(
    case: Annotated[
        list[str] | None,
        typer.Option(
            help="DEVICE:ROWSxLANES[:LEVELS[:STYLE]]; repeatable; default: those of docs/fpga.md."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Placements of each array.")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Placements at the same time.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything that is known.")
    ] = False,
) -> None:
    """Place and route arrays and compare them.

    Example: python benchmarks/fpga.py --case ecp5-85k:8x8 --seeds 3
    """
    results = []
    for text in case or CASES:
        device, config = parse_case(text)
        print(f"{text} ...", file=sys.stderr, flush=True)
        try:
            result = implement(config, find_target(device), range(1, seeds + 1), jobs=jobs)
        except ConfigError as error:
            print(error, file=sys.stderr, flush=True)
            continue
        results.append(result)
    if as_json:
        cases: list[dict[str, Any]] = [result.to_dict() for result in results]
        write(json_text({"cases": cases}))
        return
    write(markdown(COLUMNS, [row(result) for result in results]) + "\n")
    columns = ("device", "array", "registers every", "from", "to", "ns in cells", "ns on wires")
    write(markdown(columns, [path(result) for result in results]))


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
