"""The whole flow: an array into cells, its activity, its energy and its clock."""

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bitnet_hw.config import Config
from bitnet_hw.gates.activity import Activity, build_simulator, measure_activity
from bitnet_hw.gates.array_design import ArrayDesign, OperandStream, ternary_design
from bitnet_hw.gates.characterization import Characterization, GroupArea, StreamEnergy
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.power import KINDS, Energies, PowerModel
from bitnet_hw.gates.stimulus import Stimulus
from bitnet_hw.gates.synthesis import Synthesis, synthesize
from bitnet_hw.gates.timing import analyze_timing

__all__ = ["characterize_array"]

_IDLE_CYCLES, _IDLE_SKIPPED = 64, 32


def characterize_array(
    config: Config,
    library: Library,
    operands: Sequence[OperandStream],
    *,
    design: ArrayDesign | None = None,
    flatten: bool = False,
    root: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Characterization:
    """Synthesise the parts of an array, simulate them on operands, and add up.

    Parameters
    ----------
    config : Config
        The array and its clock.
    library : Library
        The cells.
    operands : sequence of OperandStream
        What it multiplies, of a kind that the design takes; each with a tile for one step, and for
        as many as the array allows.
    design : ArrayDesign
        The array; without it the ternary one.
    flatten : bool
        Let synthesis see through the modules of a part.
    root : Path
        Folder of netlists and simulators; without it in the user's cache directory.
    progress : callable
        Called with the number of parts, of all in the design, that are mapped and compiled.

    Raises
    ------
    BitnetHwError
        If the library is broken, a tool is missing or fails, or a netlist computes nonsense.
    """
    started = time.monotonic()
    design = design or ternary_design(config.array)
    parts = design.parts
    finished = 0

    def work(part: Part) -> tuple[Synthesis, PowerModel, Path]:
        nonlocal finished
        mapped = synthesize(part, library, clock_mhz=config.clock_mhz, flatten=flatten, root=root)
        cells = library.cells(mapped.netlist.cells)
        model = PowerModel(mapped.netlist, cells, library.corner.voltage_v)
        simulator = build_simulator(mapped.netlist, library, root)
        finished += 1
        if progress is not None:
            progress(finished)
        return mapped, model, simulator

    # Read once, before several threads ask for it.
    _ = library.texts, library.digest
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(work, parts))
    timings, own = {}, {}
    for mapped, model, _ in done:
        timing = analyze_timing(mapped.netlist, library, clock_mhz=config.clock_mhz, root=root)
        if timing is not None:
            timings[mapped.part.name] = timing
            own[mapped.part.name] = _own_power_w(model, timing.activity, config.clock_hz)
    reuses = sorted({1, config.array.max_tokens})
    return Characterization(
        config=config,
        library=library,
        flattened=flatten,
        syntheses=tuple(mapped for mapped, _, _ in done),
        groups=tuple(group for mapped, model, _ in done for group in _groups(mapped, model)),
        streams=tuple(
            _stream(config, design, item, tokens, done) for item in operands for tokens in reuses
        ),
        idle_fj=_idle(config, done),
        timings=timings,
        own_power_w=own,
        number_format=design.number_format,
        seconds=time.monotonic() - started,
    )


def _groups(mapped: Synthesis, model: PowerModel) -> list[GroupArea]:
    times = mapped.part.instances
    result = []
    for group in dict.fromkeys(mapped.part.groups.values()) | dict.fromkeys(model.areas_um2):
        inside = [item for item in mapped.netlist.instances if item.group == group]
        if group is not None and inside:
            result.append(
                GroupArea(
                    group=group,
                    cells=times * len(inside),
                    registers=times * sum(model.cells[item.cell].sequential for item in inside),
                    area_um2=times * model.areas_um2[group],
                    leakage_nw=times * model.leakage_nw[group],
                )
            )
    return result


def _stream(
    config: Config,
    design: ArrayDesign,
    operands: OperandStream,
    tokens: int,
    done: list[tuple[Synthesis, PowerModel, Path]],
) -> StreamEnergy:
    by_group: dict[str, dict[str, float]] = {}
    for mapped, model, simulator in done:
        part = mapped.part
        stimulus = design.stimulus(part.name, operands, tokens)
        if part.name == "loader" and config.array.words_per_tile > 1:
            # Nothing is reset: the count of words finds its place when the first tile is taken.
            stimulus = dataclasses.replace(
                stimulus, skipped=2 * stimulus.skipped, steps=stimulus.steps - tokens
            )
        activity = measure_activity(mapped.netlist, stimulus, simulator)
        energies = model.energies_fj(activity, 1e6 / config.clock_mhz)
        cycles_per_step = (stimulus.cycles - stimulus.skipped) / stimulus.steps
        share = part.instances * cycles_per_step / config.array.macs_per_cycle
        for group, kinds in energies.items():
            if group is not None:
                by_group[group] = {kind: share * energy for kind, energy in kinds.items()}
    return StreamEnergy(operands.name, operands.source, tokens, by_group)


def _idle(config: Config, done: list[tuple[Synthesis, PowerModel, Path]]) -> dict[str, float]:
    """Return what each group takes in a cycle in which nothing arrives: its clock, no leakage."""
    idle: dict[str, float] = {}
    for mapped, model, simulator in done:
        inputs = {
            name: np.zeros((1, _IDLE_CYCLES, len(bits)), bool)
            for name, bits in mapped.netlist.inputs.items()
        }
        activity = measure_activity(
            mapped.netlist, Stimulus(inputs, skipped=_IDLE_SKIPPED), simulator
        )
        for group, kinds in model.energies_fj(activity, 1e6 / config.clock_mhz).items():
            if group is not None:
                switched = sum(energy for kind, energy in kinds.items() if kind != "leakage")
                idle[group] = mapped.part.instances * switched
    return idle


def _own_power_w(model: PowerModel, activity: float, clock_hz: float) -> dict[str, float]:
    """Return our power, counted as OpenSTA counts it, with every net alike."""
    nets = len(model.netlist.nets)
    everywhere = Activity(np.full(nets, activity), np.full(nets, 0.5), 1)
    same = dataclasses.replace(model, as_opensta=True)
    energies: Energies = same.energies_fj(everywhere, 1e12 / clock_hz)
    total = {kind: sum(kinds[kind] for kinds in energies.values()) for kind in KINDS}
    watts = {kind: 1e-15 * energy * clock_hz for kind, energy in total.items()}
    return {
        "internal": watts["internal"] + watts["clock internal"],
        "switching": watts["switching"] + watts["clock switching"],
        "leakage": watts["leakage"],
    }
