"""What a host does on the pins of the wrapped accelerator, in Amaranth's simulator."""

from amaranth.sim import Simulator


class Host:
    """Shifts fields in and out; a shift register is an integer, its last field highest."""

    def __init__(self, wrapper, ctx):
        self.wrapper, self.ctx = wrapper, ctx

    async def transfer(self, **fields):
        """Shift fields in, and let their streams transfer."""
        word = place = 0
        for name, width in self.wrapper.inputs.items():
            word |= fields.get(name, 0) << place
            place += width
        self.ctx.set(self.wrapper.shift, 1)
        for position in reversed(range(place)):
            self.ctx.set(self.wrapper.scan_in, word >> position & 1)
            await self.ctx.tick()
        self.ctx.set(self.wrapper.shift, 0)
        await self.pulse(self.wrapper.go)

    async def pulse(self, pin):
        """Raise a pin for a cycle, and wait until nothing is pending."""
        self.ctx.set(pin, 1)
        await self.ctx.tick()
        self.ctx.set(pin, 0)
        await self.ctx.tick().repeat(3)
        while self.ctx.get(self.wrapper.busy):
            await self.ctx.tick()
        await self.ctx.tick().repeat(2)

    async def read(self):
        """Shift the outputs out and return them by name."""
        word, width = 0, sum(self.wrapper.outputs.values())
        self.ctx.set(self.wrapper.shift, 1)
        # To the register behind the pin; the one in front of the host is a cycle later.
        await self.ctx.tick()
        for _ in range(width):
            await self.ctx.tick()
            word = word << 1 | self.ctx.get(self.wrapper.scan_out)
        self.ctx.set(self.wrapper.shift, 0)
        await self.ctx.tick().repeat(2)
        fields = {}
        for name, width in self.wrapper.outputs.items():
            fields[name] = word & ((1 << width) - 1)
            word >>= width
        return fields


def run(wrapper, process, trace=None):
    """Run a process with a host; return its result, and append every cycle's pins to `trace`."""
    done = []

    async def testbench(ctx):
        ctx.set(wrapper.reset, 1)
        await ctx.tick().repeat(4)
        ctx.set(wrapper.reset, 0)
        await ctx.tick().repeat(4)
        done.append(await process(Host(wrapper, ctx)))

    async def record(ctx):
        async for _, _, *values in ctx.tick().sample(*wrapper.pins[1:]):
            trace.append(values)

    simulator = Simulator(wrapper)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    if trace is not None:
        simulator.add_process(record)
    simulator.run()
    assert done, "The accelerator must finish"
    return done[0]
