"""The queue: what goes in comes out, once, in order; and it is never over-full."""

from amaranth import Array, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from proofs.claims import claim, opened, previous
from proofs.prover import Proof
from rtl.queue import Queue

__all__ = ["PROOFS"]

_BITS = 4


class InOrder(wiring.Component):
    """A queue beside a list of what it must hold: the oldest item first, a step for each get."""

    offered: In(1)
    item: In(_BITS)
    wanted: In(1)

    def __init__(self, depth, queue=Queue):
        self._depth = depth
        self._queue = queue
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        depth = self._depth
        queue = self._queue(_BITS, depth=depth)
        inner = opened(queue)
        memory = inner.submodules.items
        write, read = memory.write_ports[0], memory.read_ports[0]
        # One more port for each item, to see all of them.
        cells = []
        for address in range(queue.depth):
            port = memory.read_port(domain="comb")
            m.d.comb += port.addr.eq(address)
            cells.append(port.data)
        m.submodules.queue = inner
        m.d.comb += [
            queue.i.valid.eq(self.offered),
            queue.i.payload.eq(self.item),
            queue.o.ready.eq(self.wanted),
        ]
        put = queue.i.valid & queue.i.ready
        get = queue.o.valid & queue.o.ready

        # The reference: a list that moves up when its first item goes.
        held = [Signal(_BITS, name=f"held{i}") for i in range(depth)]
        count = Signal(range(depth + 1))
        place = Signal(range(depth + 1))
        m.d.comb += place.eq(count - get)
        m.d.sync += count.eq(count + put - get)
        for index, item in enumerate(held):
            following = held[index + 1] if index + 1 < depth else Const(0, _BITS)
            moved = Mux(get, following, item)
            m.d.sync += item.eq(Mux(put & (place == index), self.item, moved))

        claim(m, "count_is_that_of_the_list", queue.level == count)
        claim(m, "never_more_than_depth", queue.level <= depth)
        claim(m, "refuses_only_when_full", queue.i.ready == (count != depth))
        claim(m, "offers_what_it_has", queue.o.valid == (count != 0))
        claim(m, "oldest_item_first", ~queue.o.valid | (queue.o.payload == held[0]))
        # What no port shows: where the items stand in the memory.
        cell = Array(cells)
        distance = Signal(range(2 * depth + 1))
        m.d.comb += distance.eq(read.addr + count)
        claim(m, "places_are_inside", (write.addr < depth) & (read.addr < depth))
        claim(
            m,
            "next_place_follows_the_items",
            write.addr == Mux(distance >= depth, distance - depth, distance),
        )
        for index, item in enumerate(held):
            address = Signal(range(2 * depth), name=f"address{index}")
            m.d.comb += address.eq(read.addr + index)
            wrapped = Mux(address >= depth, address - depth, address)
            claim(m, f"item{index}_is_kept", (index >= count) | (cell[wrapped] == item))

        # The rules of streams, of which the queue keeps its side whatever the host does.
        waiting = previous(m, queue.o.valid & ~queue.o.ready)
        shown = previous(m, queue.o.payload)
        claim(m, "valid_stays", ~waiting | queue.o.valid)
        claim(m, "payload_stays", ~waiting | (queue.o.payload == shown))
        return m


class _Hasty(Queue):
    """A queue that does not move on when an item comes in the cycle in which another goes."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.items = items = Memory(shape=self._shape, depth=self._depth, init=[])
        write, read = items.write_port(), items.read_port(domain="comb")
        put, get = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(self.level != self._depth),
            self.o.valid.eq(self.level != 0),
            self.o.payload.eq(read.data),
            put.eq(self.i.valid & self.i.ready),
            get.eq(self.o.valid & self.o.ready),
            write.en.eq(put),
            write.data.eq(self.i.payload),
        ]
        m.d.sync += self.level.eq(self.level + put - get)
        for enable, address in ((put, write.addr), (get & ~put, read.addr)):
            with m.If(enable):
                m.d.sync += address.eq(Mux(address == self._depth - 1, 0, address + 1))
        return m


class _Small(Queue):
    """A queue with a place less than it is asked for."""

    def __init__(self, shape, *, depth):
        super().__init__(shape, depth=depth - 1)


PROOFS = tuple(
    Proof(
        name=f"queue-{depth}",
        promise="Items come out once, in order; the queue holds as many as it should, no more; "
        "its output keeps the rules of streams.",
        spec=lambda depth=depth: InOrder(depth),
        broken={
            "oldest_item_first": lambda depth=depth: InOrder(depth, _Hasty),
            "refuses_only_when_full": lambda depth=depth: InOrder(depth, _Small),
        },
        method="induction",
        steps=1,
        size=f"depth {depth}, any items",
    )
    for depth in (2, 3, 4, 9)
)
