"""The loader of weights: each tile is its own words, in order, decoded, and none is lost."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofs.claims import claim, inner_signals, opened, previous
from proofs.prover import Proof
from rtl.decoder import WordDecoder
from rtl.geometry import Geometry
from rtl.weights import TileLoader

__all__ = ["PROOFS"]


def geometry(words):
    """Return a geometry whose tile has so many words of two trit5 codes, the last one half used."""
    return Geometry(
        rows=1,
        lanes=10 * words - 3,
        weight_encoding="trit5",
        weight_bus_bits=16,
        max_k=10 * words - 3,
        output_bus_words=1,
    )


class Tiles(wiring.Component):
    """A loader beside a list of the decoded words of the tile to come.

    In a broken twin `late` shows the first weight of a tile as it was in the cycle before, and
    `hasty` takes a word while the tile waits to be taken.
    """

    def __init__(self, words, *, late=False, hasty=False):
        self._geometry = geometry(words)
        self._late = late
        self._hasty = hasty
        super().__init__({
            "word": In(self._geometry.weight_bus_bits),
            "offered": In(1),
            "wanted": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        g = self._geometry
        loader = TileLoader(g)
        m.submodules.loader, inner = inner_signals(opened(loader))
        m.submodules.decoder = decoder = WordDecoder(g)
        take = self.wanted & loader.available
        m.d.comb += [
            loader.weights.payload.eq(self.word),
            loader.weights.valid.eq(self.offered),
            loader.take.eq(take),
            decoder.word.eq(self.word),
        ]
        accepted = self.offered & loader.weights.ready
        earlier = g.words_per_tile - 1
        count = Signal(range(g.words_per_tile + 1))
        m.d.sync += count.eq(Mux(take, 0, count + accepted))
        now = decoder.trits.as_value()
        words = [Signal(len(now), name=f"kept{index}") for index in range(earlier)]
        for index, word in enumerate(words):
            with m.If(accepted & (count == index)):
                m.d.sync += word.eq(now)
        expected = Signal(2 * g.tile_trits)
        taken = Signal()
        with m.If(take):
            m.d.sync += [expected.eq(Cat(*words, now)), taken.eq(1)]

        tile = loader.tile.as_value()
        if self._late:
            tile = Cat(previous(m, tile[:2]), tile[2:])
        claim(m, "tile_is_its_words", ~taken | (tile == expected))
        claim(
            m,
            "available_with_the_last_word",
            loader.available == (self.offered & (count == earlier)),
        )
        ready = loader.weights.ready | self._hasty
        claim(m, "last_word_waits_for_the_tile", ready == ((count != earlier) | take))
        claim(m, "illegal_words_are_told", loader.illegal == (accepted & decoder.illegal))
        claim(m, "never_more_words_than_a_tile", count <= earlier)
        if earlier:
            claim(m, "words_are_counted", inner["count"] == count)
        for index, word in enumerate(words):
            claim(m, f"word{index}_is_kept", (count <= index) | (inner[f"word{index}"] == word))
        return m


PROOFS = tuple(
    Proof(
        name=f"weight-tiles-{words}",
        promise="A tile is its own words in order, decoded; no word is lost, taken twice or taken "
        "early; illegal codes are told, each once.",
        spec=lambda words=words: Tiles(words),
        broken={
            "tile_is_its_words": lambda words=words: Tiles(words, late=True),
            "last_word_waits_for_the_tile": lambda words=words: Tiles(words, hasty=True),
        },
        method="induction",
        steps=1,
        size=f"{words} words of 10 trits, the last of 7",
    )
    for words in (1, 2, 3)
)
