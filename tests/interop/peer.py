"""The C++ implementation of Cap'n Proto, driven from Python, as a live peer.

    peer.py serve                 listen on 127.0.0.1, print `listening PORT`, end when stdin closes
    peer.py call --connect PORT [NAME…]
                                  run every scenario, or those named, against a server of the schema

`call` prints one line per scenario, `ok NAME` or `fail NAME why`, and exits with 1 if any failed.
What this peer cannot do: an exception raised in Python always leaves as `failed`, whatever its kind
(`exception-kinds`); a tail call to an object of the caller's aborts the serving process
(`tail-call-back`: "Inner node returned empty value").
"""

import argparse
import asyncio
import gc
import pathlib
import sys
import zlib

import capnp

capnp.remove_import_hook()
SCHEMA = capnp.load(str(pathlib.Path(__file__).parent.parent / "data" / "interop.capnp"),
                    imports=[str(pathlib.Path(capnp.__file__).parent.parent)])


class Counter(SCHEMA.Counter.Server):
    """Answers each `getCallSequence` with how many came before; `live` holds the ones still alive."""

    def __init__(self, name, live):
        self.label, self.calls, self.live = name, 0, live
        live.append(name)

    def __del__(self):
        self.live.remove(self.label)

    async def getCallSequence(self, expected, _context):
        self.calls += 1
        return self.calls - 1

    async def name(self, _context):
        return self.label


class Chain(SCHEMA.Chain.Server):
    def __init__(self, depth):
        self.reached = depth

    async def next(self, _context):
        return Chain(self.reached + 1)

    async def depth(self, _context):
        return self.reached


class Slot(SCHEMA.Slot.Server):
    """Its pipelined answer is a promise capability that follows `settled`."""

    def __init__(self, settled):
        self.settled = settled

    async def get(self, _context):
        return await self.settled


class Resolver(SCHEMA.Resolver.Server):
    def __init__(self, settled, live):
        self.settled, self.live = settled, live

    async def toServer(self, name, _context):
        self.settled.set_result(Counter(name, self.live))

    async def toCap(self, cap, _context):
        self.settled.set_result(cap)

    async def toError(self, reason, _context):
        self.settled.set_exception(capnp.KjException(reason))


class Sink(SCHEMA.Sink.Server):
    def __init__(self):
        self.bytes, self.crc = 0, 0

    async def write(self, data, _context):
        if not data:
            raise capnp.KjException("nothing was written")
        self.bytes += len(data)
        self.crc = zlib.crc32(data, self.crc)

    async def done(self, _context):
        return self.bytes, self.crc


class Callback(SCHEMA.Callback.Server):
    async def call(self, n, _context):
        return n * 10


def promise():
    """A promise capability and the future that settles it."""
    settled = asyncio.get_running_loop().create_future()
    asked = SCHEMA.Slot._new_client(Slot(settled)).get()
    return asked, settled


class Peer(SCHEMA.Peer.Server):
    def __init__(self):
        self.live, self.held, self.cancels, self.asked = [], None, 0, []

    async def null(self, _context):
        pass

    async def echoNumber(self, value, _context):
        return value

    async def echoText(self, value, _context):
        return value

    async def echoData(self, value, _context):
        return value

    async def counter(self, name, _context):
        return Counter(name, self.live)

    async def liveCount(self, _context):
        gc.collect()
        return len(self.live)

    async def chain(self, _context):
        return Chain(1)

    async def box_context(self, context):
        name = context.params.name
        box = context.results.init("box")
        box.label = name
        if name:
            box.inner = Counter(name, self.live)

    async def callBack(self, target, times, _context):
        answers = [target.call(n) for n in range(times)]
        return sum([(await answer).n for answer in answers])

    async def echo(self, cap, _context):
        return cap

    async def hold(self, cap, _context):
        self.held = cap

    async def callHeld(self, expected, _context):
        return (await self.held.getCallSequence(expected)).n

    async def releaseHeld(self, _context):
        self.held = None

    async def never(self, cap, _context):
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.cancels += 1
            raise

    async def cancelled(self, _context):
        return self.cancels

    async def throw(self, kind, reason, _context):
        raise capnp.KjException(reason)

    async def later_context(self, context):
        asked, settled = promise()
        self.asked.append(asked)  # dropping it would cancel it
        settled.add_done_callback(lambda _: self.asked.remove(asked))
        context.results.cap = asked.cap
        context.results.resolver = Resolver(settled, self.live)

    async def forward_context(self, context):
        params = context.params
        await context.tail_call(params.target.getCallSequence_request(expected=params.expected))

    async def openSink(self, _context):
        return Sink()


async def serve():
    async def accepted(stream):
        await capnp.TwoPartyServer(stream, bootstrap=Peer()).on_disconnect()

    server = await capnp.AsyncIoStream.create_server(accepted, "127.0.0.1", 0)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.close()


async def call(port, names):
    import scenarios  # beside this file; it needs the schema loaded here

    stream = await capnp.AsyncIoStream.create_connection("127.0.0.1", port)
    client = capnp.TwoPartyClient(stream)
    bootstrap = client.bootstrap().cast_as(SCHEMA.Peer)
    return await scenarios.run(bootstrap, sys.modules[__name__], names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    modes.add_parser("serve")
    calling = modes.add_parser("call")
    calling.add_argument("--connect", type=int, required=True, metavar="PORT")
    calling.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.mode == "serve":
        asyncio.run(capnp.run(serve()))
        return 0
    return asyncio.run(capnp.run(call(args.connect, args.names)))


if __name__ == "__main__":
    sys.exit(main())
