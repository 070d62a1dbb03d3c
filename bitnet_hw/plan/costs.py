"""What chips cost, as far as a plan counts it; memories state their own price."""

from bitnet_hw.schema import Block, Figure

__all__ = ["Costs"]


class Costs(Block):
    """Prices of a chip.

    The area of a chip is that of its cells: what `bitnet_hw.area` does not count (interfaces to
    memories and to other chips, control, input and output) is in the price of each chip.

    Parameters
    ----------
    dollars_per_mm2 : Figure
        Silicon under the cells that are counted.
    dollars_per_chip : Figure
        Everything else of a chip: interfaces, package, test.
    """

    dollars_per_mm2: Figure = Figure(
        low=0.132,
        nominal=0.236,
        high=0.472,
        source=(
            "low: a 7 nm wafer of TSMC at $9346 in April 2020 (@chiakokhua via gadgetcrutches.com) "
            "over its 70686 mm2; nominal: of which cells fill 0.7 and 0.8 work; high: twice that"
        ),
        status="derived",
    )
    dollars_per_chip: Figure = Figure(
        low=20,
        nominal=100,
        high=500,
        source="no source: our guess, between a plain package and one with an interposer",
        status="assumption",
    )

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        return {
            "dollars_per_mm2": (self.dollars_per_mm2, "$/mm2"),
            "dollars_per_chip": (self.dollars_per_chip, "$"),
        }
