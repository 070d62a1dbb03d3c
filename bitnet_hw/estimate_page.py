"""The report of one estimate as a page."""

from bitnet_hw import __version__
from bitnet_hw.estimate_report import estimate_sections
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.report import render_report

__all__ = ["estimate_page"]


def estimate_page(result: Estimate) -> bytes:
    """Return the whole report of an estimate: one HTML page that needs nothing else."""
    sequences = "1 sequence" if result.batch == 1 else f"{result.batch} sequences"
    page = render_report(
        f"{result.model.name} on {result.config.name}",
        estimate_sections(result),
        subtitle=f"{result.phase}, {sequences} of {result.context} tokens. "
        f"Estimated by bitnet-hw {__version__}.",
    )
    return page.encode()
