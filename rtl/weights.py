"""The weight tile that the array works with, and its refill from the weight stream."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.decoder import WordDecoder

__all__ = ["TileLoader"]


class TileLoader(wiring.Component):
    """Decode weight words, gather them to tiles, and hold the tile in use.

    A tile's last word goes straight from the stream to the tile in use, in the cycle in which the
    sequencer takes it; only the words before it are gathered in a shadow register. So a tile of one
    word needs no second buffer, and a tile of several is replaced without a lost cycle.

    Parameters
    ----------
    geometry : Geometry
        Encoding and sizes.

    Members
    -------
    weights : In(stream.Signature(geometry.weight_bus_bits))
        Words of packed tiles.
    available : Out(1)
        The last word of the next tile is here.
    take : In(1)
        Replace the tile in use by the next one; only while `available`.
    tile : Out(ArrayLayout(2, geometry.tile_trits))
        Two-bit codes of the tile in use, row by row; new in the cycle after `take`.
    illegal : Out(1)
        A word that is being accepted holds an illegal code.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        super().__init__({
            "weights": In(stream.Signature(geometry.weight_bus_bits)),
            "available": Out(1),
            "take": In(1),
            "tile": Out(data.ArrayLayout(2, geometry.tile_trits)),
            "illegal": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = WordDecoder(self._geometry)
        accepted = Signal()
        m.d.comb += [
            decoder.word.eq(self.weights.payload),
            accepted.eq(self.weights.valid & self.weights.ready),
            self.illegal.eq(accepted & decoder.illegal),
        ]
        gathered = []
        earlier_words = self._geometry.words_per_tile - 1
        if earlier_words:
            count = Signal(range(earlier_words + 1))
            complete = Signal()
            m.d.comb += [
                complete.eq(count == earlier_words),
                self.available.eq(complete & self.weights.valid),
                self.weights.ready.eq(~complete | self.take),
            ]
            with m.If(self.take):
                m.d.sync += count.eq(0)
            with m.Elif(accepted):
                m.d.sync += count.eq(count + 1)
            for index in range(earlier_words):
                word = Signal(len(decoder.trits.as_value()), name=f"word{index}", reset_less=True)
                with m.If(accepted & (count == index)):
                    m.d.sync += word.eq(decoder.trits)
                gathered.append(word)
        else:
            m.d.comb += [self.available.eq(self.weights.valid), self.weights.ready.eq(self.take)]
        tile = Signal(len(self.tile.as_value()), reset_less=True)
        with m.If(self.take):
            m.d.sync += tile.eq(Cat(*gathered, decoder.trits))
        m.d.comb += self.tile.as_value().eq(tile)
        return m
