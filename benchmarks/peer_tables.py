"""What benchmarks/peers.py prints on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.peer_list import Peer

__all__ = ["covers", "cycle_lines", "ratio_table", "time_table"]

_OURS = (
    "every operator of the model in every design: attention, KV cache, lm_head, norms, DRAM, "
    "leakage, area; in rows of one layer, that layer only"
)


def time_table(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return the times of all evaluations as a table; an error stands in place of the result."""
    from rich.table import Table

    view = Table(
        "tool", "evaluates", title="One evaluation, in processor time", title_justify="left"
    )
    for name in ("time", "per second", "GiB"):
        view.add_column(name, justify="right")
    view.add_column("says")
    for row in rows:
        cells = ("", "", "")
        if row["error"] is None:
            seconds, memory = row["processor_s"], row["peak_rss_bytes"]
            gib = "" if memory is None else f"{memory / 2**30:.2f}"
            rate = 1 / seconds
            shown = f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
            cells = (_duration(seconds), shown, gib)
        view.add_row(row["tool"], row["question"], *cells, row["error"] or says(row["result"]))
    return view


def says(result: Mapping[str, float]) -> str:
    """Return what a tool answered in short."""
    parts = []
    if "designs" in result:
        parts.append(f"{result['designs']:,} designs")
    if "cycles" in result:
        parts.append(f"{result['cycles']:,} cycles")
    if "seconds" in result:
        parts.append(f"{1e3 * result['seconds']:,.3f} ms")
    if "energy_j" in result:
        parts.append(f"{1e6 * result['energy_j']:,.1f} uJ")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def ratio_table(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return the ratios as a table."""
    from rich.table import Table

    title = "Evaluations of a sweep of ours in the time of one"
    view = Table("of", "evaluating", title=title, title_justify="left")
    for name in ("of the same layer", "of the whole model"):
        view.add_column(name, justify="right")
    for row in rows:
        factors = (row["same_layer"], row["whole_model"])
        shown = ("" if factor is None else f"{factor:,.0f}" for factor in factors)
        view.add_row(row["tool"], row["question"], *shown)
    return view


def cycle_lines(checks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each number of cycles that was computed in both ways."""
    for check in checks:
        verdict = "equal" if check["equal"] else "DIFFERENT"
        yield (
            f"{check['tool']}, {check['question']}: {check['cycles']:,} cycles, "
            f"by the closed form {check['closed_form']:,}: {verdict} "
            f"({_duration(check['closed_form_s'])})"
        )


def covers(peers: Sequence[Peer]) -> dict[str, str]:
    """Return what an evaluation of each tool is, with its version."""
    texts = {"ours": _OURS}
    for peer in peers:
        texts[peer.title] = f"{peer.covers} ({', '.join(peer.requirements)})"
    return texts
