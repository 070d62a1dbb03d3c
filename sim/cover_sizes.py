"""Cover points of sizes: tiles, ragged edges, tokens, beats."""

from collections.abc import Iterator, Mapping, Sequence

from rtl.geometry import Geometry
from sim.cover_points import CoverPoint, Predicate, cases, cross, each
from sim.coverage_events import Beat, JobDone

__all__ = ["label", "size_points"]

_GROUP = "sizes"
Case = tuple[Geometry, int]


def label(geometry: Geometry) -> str:
    """Return a short name of a geometry: rows, lanes, encoding and lane style."""
    return f"{geometry.rows}x{geometry.lanes} {geometry.weight_encoding} {geometry.lane_style}"


def size_points(geometries: Sequence[Geometry]) -> Iterator[CoverPoint]:
    """Yield the points; some have bins for each of the geometries."""
    yield from _tile_points()
    yield from _token_points()
    yield CoverPoint(
        _GROUP,
        "lanes of the last K tile",
        JobDone,
        each(
            _cases({g: g.lanes for g in geometries}),
            lambda e, case: e.geometry == case[0] and _last_lanes(e) == case[1],
            _name,
        ),
    )
    yield CoverPoint(
        _GROUP,
        "rows of the last output tile",
        JobDone,
        each(
            _cases({g: g.rows for g in geometries}),
            lambda e, case: e.geometry == case[0] and _last_rows(e) == case[1],
            _name,
        ),
    )
    yield CoverPoint(
        _GROUP,
        "tokens",
        JobDone,
        each(
            _cases({g: g.max_tokens for g in geometries}),
            lambda e, case: (e.geometry, e.command.m) == case,
            _name,
        ),
    )
    yield CoverPoint(
        _GROUP,
        "results in a beat",
        Beat,
        each(
            _cases({g: g.output_bus_words for g in geometries}),
            lambda e, case: (e.geometry, e.count) == case,
            _name,
        ),
    )
    yield from _beat_points()


def _cases(highest: Mapping[Geometry, int]) -> list[Case]:
    """Return each geometry with each number from 1 on."""
    return [(g, number) for g, most in highest.items() for number in range(1, most + 1)]


def _name(case: Case) -> str:
    return f"{label(case[0])}: {case[1]}"


def _jobs(name: str, bins: Mapping[str, Predicate]) -> CoverPoint:
    return cases(_GROUP, name, JobDone, bins)


def _tile_points() -> Iterator[CoverPoint]:
    k_tiles = {
        "1 K tile": lambda e: _k_tiles(e) == 1,
        "2 K tiles": lambda e: _k_tiles(e) == 2,
        "3 K tiles and more": lambda e: _k_tiles(e) > 2,
    }
    n_tiles = {
        "1 N tile": lambda e: _n_tiles(e) == 1,
        "2 N tiles": lambda e: _n_tiles(e) == 2,
        "3 N tiles and more": lambda e: _n_tiles(e) > 2,
    }
    yield cross("K tiles x N tiles", _jobs("K tiles", k_tiles), _jobs("N tiles", n_tiles))
    lanes = {
        "whole lanes": lambda e: _last_lanes(e) == e.geometry.lanes,
        "ragged lanes": lambda e: _last_lanes(e) < e.geometry.lanes,
    }
    rows = {
        "whole rows": lambda e: _last_rows(e) == e.geometry.rows,
        "ragged rows": lambda e: _last_rows(e) < e.geometry.rows,
    }
    encodings = each(("trit2", "trit5"), lambda e, name: e.geometry.weight_encoding == name)
    yield cross(
        "rows x lanes x encoding",
        cross("rows x lanes", _jobs("rows", rows), _jobs("lanes", lanes)),
        CoverPoint(_GROUP, "encodings", JobDone, encodings),
    )


def _token_points() -> Iterator[CoverPoint]:
    words = {
        "1 word a tile": lambda e: e.geometry.words_per_tile == 1,
        "several words a tile": lambda e: e.geometry.words_per_tile > 1,
    }
    tokens = {
        "M = 1 of 1": lambda e: e.command.m == 1 == e.geometry.max_tokens,
        "M = 1 of several": lambda e: e.command.m == 1 < e.geometry.max_tokens,
        "M between": lambda e: 1 < e.command.m < e.geometry.max_tokens,
        "M = max_tokens > 1": lambda e: 1 < e.command.m == e.geometry.max_tokens,
    }
    limits = {
        "K = 1": lambda e: e.command.k == 1,
        "K = max_k": lambda e: e.command.k == e.geometry.max_k,
        "N = 1": lambda e: e.command.n == 1,
        "K = N = M = 1": lambda e: e.command.k == e.command.n == e.command.m == 1,
    }
    yield cross("M x words a tile", _jobs("M", tokens), _jobs("words", words))
    yield cross("limits x words a tile", _jobs("limits", limits), _jobs("words", words))


def _beat_points() -> Iterator[CoverPoint]:
    fill = {
        "full beat": lambda e: e.count == e.geometry.output_bus_words,
        "partial beat": lambda e: e.count < e.geometry.output_bus_words,
    }
    place = {
        "only one of its vector": lambda e: e.index == 0 and e.ends_vector,
        "last of several": lambda e: e.index > 0 and e.ends_vector,
    }
    yield cross(
        "beats that end a vector",
        cases(_GROUP, "fill", Beat, fill),
        cases(_GROUP, "place", Beat, place),
    )
    marks = {
        "a vector goes on": lambda e: not e.ends_vector,
        "a vector ends, the job goes on": lambda e: e.ends_vector and not e.last,
        "the job ends": lambda e: e.last,
    }
    yield cases(_GROUP, "marks of beats", Beat, marks)
    flags = each(range(8), lambda e, bit: bool(e.flags >> bit & 1), lambda bit: f"flag {bit} set")
    yield CoverPoint(_GROUP, "flags of beats", Beat, flags)


def _k_tiles(event: JobDone) -> int:
    return event.geometry.k_tiles(event.command.k)


def _n_tiles(event: JobDone) -> int:
    return event.geometry.n_tiles(event.command.n)


def _last_lanes(event: JobDone) -> int:
    return event.command.k - (_k_tiles(event) - 1) * event.geometry.lanes


def _last_rows(event: JobDone) -> int:
    return event.command.n - (_n_tiles(event) - 1) * event.geometry.rows
