"""What a client of the interop schema tries, by name; the Rust list of the same names is `scenarios.rs`."""

import asyncio
import gc
import zlib

TIMEOUT = 20  # seconds for one scenario; none needs one second on an idle machine


def check(seen, wanted):
    if seen != wanted:
        raise AssertionError(f"saw {seen!r:.100}, wanted {wanted!r:.100}")


async def eventually(probe, wanted):
    """What must become true, but only after messages of its own."""
    for _ in range(400):
        gc.collect()
        seen = await probe()
        if seen == wanted:
            return
        await asyncio.sleep(0.005)
    check(seen, wanted)


async def fails(answer, *words):
    try:
        await answer
    except Exception as failure:
        if not any(word in str(failure) for word in words):
            raise AssertionError(f"none of {words} in: {failure}") from None
        return
    raise AssertionError("the call did not fail")


async def in_order(calls):
    """The answers of counter calls: every one counted after the one before."""
    check([(await one).n for one in calls], list(range(len(calls))))


def sequence(cap, start, count):
    return [cap.getCallSequence(n) for n in range(start, start + count)]


class Scenarios:
    def __init__(self, peer, world):
        self.peer, self.world, self.live = peer, world, []

    def mine(self, name="mine"):
        return self.world.SCHEMA.Counter._new_client(self.world.Counter(name, self.live))

    async def live_there(self):
        return (await self.peer.liveCount()).count

    async def null(self):
        await self.peer.null()

    async def numbers(self):
        for value in (0, 1, 2**32, 2**64 - 1):
            check((await self.peer.echoNumber(value)).value, value)

    async def text(self):
        check((await self.peer.echoText("knot ⚓")).value, "knot ⚓")

    async def data_1mib(self):
        data = bytes(n * 7 % 251 for n in range(1 << 20))
        check((await self.peer.echoData(data)).value == data, True)

    async def object(self):
        made = (await self.peer.counter("bow")).counter
        check((await made.name()).name, "bow")
        await in_order(sequence(made, 0, 10))

    async def pipeline_object(self):
        await in_order(sequence(self.peer.counter("early").counter, 0, 10))

    async def pipeline_box(self):
        asked = self.peer.box("boxed")
        check((await asked.box.inner.name()).name, "boxed")

    async def pipeline_chain(self):
        link = self.peer.chain().next
        for _ in range(7):
            link = link.next().next
        check((await link.depth()).depth, 8)

    async def pipeline_null(self):
        await fails(self.peer.box("").box.inner.name(), "null", "Null", "no capabilities")
        await self.peer.null()

    async def callback(self):
        check((await self.peer.callBack(self.world.Callback(), 10)).sum, 450)

    async def release(self):
        before = await self.live_there()
        made = (await self.peer.counter("short-lived")).counter
        await made.name()
        check(await self.live_there(), before + 1)
        del made
        await eventually(self.live_there, before)

    async def hold_and_release(self):
        async def live_here():
            return len(self.live)

        await self.peer.hold(self.mine())
        await in_order([self.peer.callHeld(n) for n in range(5)])
        check(await live_here(), 1)
        await self.peer.releaseHeld()
        await eventually(live_here, 0)

    async def cancel(self):
        async def cancelled():
            return (await self.peer.cancelled()).count

        async def live_here():
            return len(self.live)

        before = await cancelled()
        running = self.peer.never(self.mine())
        await self.peer.null()
        running.cancel()
        del running
        await eventually(cancelled, before + 1)
        await eventually(live_here, 0)

    async def exception(self):
        await fails(self.peer.throw("failed", "the rope broke"), "the rope broke")
        await self.peer.null()

    async def exception_kinds(self):
        for kind in ("failed", "overloaded", "disconnected", "unimplemented"):
            try:
                await self.peer.throw(kind, "told so")
            except self.world.capnp.KjException as failure:
                check(failure.type, kind.upper())
            else:
                raise AssertionError("the call did not fail")

    async def unimplemented_method(self):
        newer = self.peer.cast_as(self.world.SCHEMA.Newer)
        await fails(newer.added(), "nimplemented", "not implemented")
        await self.peer.null()

    async def promise_to_server(self):
        later = await self.peer.later()
        calls = sequence(later.cap, 0, 4)
        await later.resolver.toServer("settled")
        calls += sequence(later.cap, 4, 4)
        await in_order(calls)
        check((await later.cap.name()).name, "settled")

    async def promise_to_client(self):
        later = await self.peer.later()
        calls = sequence(later.cap, 0, 4)
        settling = later.resolver.toCap(self.mine())
        calls += sequence(later.cap, 4, 4)
        await settling
        calls += sequence(later.cap, 8, 4)
        await in_order(calls)
        check((await later.cap.name()).name, "mine")

    async def promise_to_error(self):
        later = await self.peer.later()
        early = later.cap.name()
        await later.resolver.toError("it came undone")
        await fails(early, "it came undone")
        await fails(later.cap.name(), "it came undone")
        await self.peer.null()

    async def embargo(self):
        asked = self.peer.echo(self.mine())
        early = asked.cap
        calls = sequence(early, 0, 4)
        await asked
        calls += sequence(early, 4, 4)  # the answer's own `cap` is another reference, in no order with it
        await in_order(calls)

    async def echo_promise(self):
        asked, settled = self.world.promise()
        back = self.peer.echo(asked.cap).cap
        calls = sequence(back, 0, 4)
        await self.peer.null()
        settled.set_result(self.mine())
        calls += sequence(back, 4, 4)
        await in_order(calls)

    async def tail_call(self):
        made = (await self.peer.counter("tail")).counter
        await in_order([self.peer.forward(made, n) for n in range(4)])

    async def tail_call_back(self):
        mine = self.mine()
        await in_order([self.peer.forward(mine, n) for n in range(4)])

    async def stream(self):
        sink = (await self.peer.openSink()).sink
        total, crc, writes = 0, 0, []
        for n in range(256):
            data = bytes([n]) * (16 << 10)
            total, crc = total + len(data), zlib.crc32(data, crc)
            writes.append(sink.write(data))
        for write in writes:
            await write
        end = await sink.done()
        check((end.bytes, end.crc), (total, crc))

    async def stream_error(self):
        sink = self.peer.openSink().sink
        writes = [sink.write(data) for data in (b"one", b"", b"two")]
        await fails(sink.done(), "nothing was written")
        await writes[0]
        await fails(sink.write(b"three"), "nothing was written")


NAMES = [name for name in vars(Scenarios)
         if not name.startswith("_") and name not in ("mine", "live_there")]


async def run(peer, world, wanted):
    failed = 0
    for name in NAMES:
        told = name.replace("_", "-")
        if wanted and told not in wanted:
            continue
        try:
            await asyncio.wait_for(getattr(Scenarios(peer, world), name)(), TIMEOUT)
            print("ok", told, flush=True)
        except Exception as failure:
            failed = 1
            print("fail", told, repr(failure).replace("\n", " "), flush=True)
    return failed
