import pytest
from amaranth.sim import Simulator

from rtl.decoder import Trit2Decoder, Trit5Decoder, WordDecoder
from rtl.geometry import Geometry
from rtl.trit import TRIT5_DECODE, TRIT_CODES, pack_word


def run(dut, bench):
    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()


def test_trit2_all_codes():
    dut = Trit2Decoder()

    async def bench(ctx):
        for code, trits, illegal in ((0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 0, 1)):
            ctx.set(dut.code, code)
            assert (ctx.get(dut.trits), ctx.get(dut.illegal)) == (trits, illegal)

    run(dut, bench)


def test_trit5_all_codes():
    dut = Trit5Decoder()

    async def bench(ctx):
        for code, weights in enumerate(TRIT5_DECODE):
            ctx.set(dut.code, code)
            expected = sum(
                TRIT_CODES[weight] << 2 * place for place, weight in enumerate(weights or ())
            )
            assert ctx.get(dut.trits) == expected
            assert ctx.get(dut.illegal) == (weights is None)

    run(dut, bench)


@pytest.mark.parametrize("encoding", ["trit2", "trit5"])
def test_word_decoder_reads_what_pack_writes(encoding):
    geometry = Geometry(
        rows=3, lanes=4, weight_encoding=encoding, weight_bus_bits=40, max_k=4, output_bus_words=1
    )
    dut = WordDecoder(geometry)
    weights = [1, -1, 0, 0, 1, 1, -1, -1, 0, 1, 0, -1]

    async def bench(ctx):
        ctx.set(dut.word, pack_word(weights, encoding=encoding, bits=40))
        assert [ctx.get(trit) for trit in dut.trits] == [TRIT_CODES[w] for w in weights]
        assert ctx.get(dut.illegal) == 0
        # The places that a tile of 12 weights does not use are not even looked at.
        ctx.set(dut.word, 0xFF << 32)
        assert ctx.get(dut.illegal) == 0
        ctx.set(dut.word, 0xFF)
        assert ctx.get(dut.illegal) == 1
        assert [ctx.get(trit) for trit in dut.trits] == [0] * 12

    run(dut, bench)
