"""The objects of `typed.capnp`, `older.capnp` and `newer.capnp` on the C++ implementation, and calls on them.

    typed.py serve ROLE           listen on 127.0.0.1, print `listening PORT`, end when stdin closes
    typed.py call ROLE PORT       try what ROLE names against a server, one line each

ROLE is what is offered or called: `desk`, `duck`, `older-task`, `newer-task`, `older-odd`, `newer-odd`.
"""

import asyncio
import pathlib
import sys

import capnp

capnp.remove_import_hook()
ROLE = sys.argv[2]
FILE = {"older": "older", "newer": "newer"}.get(ROLE.split("-")[0], "typed")
SCHEMA = capnp.load(str(pathlib.Path(__file__).parent.parent / "data" / f"{FILE}.capnp"))


def check(seen, wanted):
    if seen != wanted:
        raise AssertionError(f"saw {seen!r:.100}, wanted {wanted!r:.100}")


async def fails(answer, word):
    try:
        await answer
    except Exception as failure:
        if word not in str(failure).lower():
            raise AssertionError(f"no {word} in: {failure}") from None
        return
    raise AssertionError("the call did not fail")


if FILE == "typed":

    class Cell(SCHEMA.Cell.Server):
        def __init__(self, value):
            self.value = value

        async def get(self, _context):
            return self.value

        async def set(self, value, _context):
            self.value = value

    class Desk(SCHEMA.Desk.Server):
        async def echo(self, cell, _context):
            return cell

        async def new(self, value, _context):
            return Cell(value)

        async def gather_context(self, context):
            cells, labelled = context.params.cells, context.params.labelled
            to = context.results.init("cells", len(cells))
            for at, cell in enumerate(cells):
                to[len(cells) - 1 - at] = cell
            context.results.labelled = labelled

        async def sum(self, cells, _context):
            return sum([(await cell.get()).value for cell in cells])

        async def pass_context(self, context):
            await context.tail_call(context.params.cell.get_request())

        async def me(self, _context):
            return self

        async def fail(self, reason, _context):
            raise capnp.KjException(reason)

        async def double(self, cell, _context):
            return cell, cell

        async def nothing(self, _context):
            pass

    class Duck(SCHEMA.Duck.Server):
        async def name(self, _context):
            return "Donna"

        async def depth(self, _context):
            return 2

        async def quack(self, _context):
            return "quack"

    OFFERS = {"desk": Desk, "duck": Duck}

    async def desk_tries(bootstrap):
        desk = bootstrap.cast_as(SCHEMA.Desk)
        cells = [SCHEMA.Cell._new_client(Cell(value)) for value in (1, 2, 3)]
        check((await desk.sum(cells)).value, 6)
        gathered = await desk.gather(cells, [{"label": "outer", "cell": cells[0], "more": [{"cell": cells[1]}]}])
        check([(await cell.get()).value for cell in gathered.cells], [3, 2, 1])
        check((await gathered.labelled[0].more[0].cell.get()).value, 2)
        both = await desk.double(cells[2])
        await both.first.set(9)
        check((await both.second.get()).value, 9)
        check((await desk.me().desk.new(5).cell.get()).value, 5)
        await fails(desk.nothing().cell.get(), "")
        await fails(desk.fail("the ink has run out"), "the ink has run out")
        request = desk.echo_request()
        await fails(request.send(), "capability")

    async def duck_tries(bootstrap):
        check((await bootstrap.cast_as(SCHEMA.Named).name()).name, "Donna")
        check((await bootstrap.cast_as(SCHEMA.Swimmer).depth()).depth, 2)
        check((await bootstrap.cast_as(SCHEMA.Duck).quack()).sound, "quack")
        await fails(bootstrap.cast_as(SCHEMA.Cell).get(), "")

    TRIES = {"desk": desk_tries, "duck": duck_tries}

elif FILE == "older":

    class Task(SCHEMA.Task.Server):
        async def run_context(self, context):
            context.results.receipt.total = context.params.order.count * 2

    class Odd(SCHEMA.Odd.Server):
        async def cell(self, what, _context):
            return what

    OFFERS = {"older-task": Task, "older-odd": Odd}

    async def task_tries(bootstrap):
        ran = await bootstrap.cast_as(SCHEMA.Task).run({"item": "rope", "count": 5})
        check(ran.receipt.total, 15)

    async def odd_tries(bootstrap):
        await fails(bootstrap.cast_as(SCHEMA.Odd).text("no capability"), "capability")

    TRIES = {"older-task": task_tries, "older-odd": odd_tries}

else:

    class Watcher(SCHEMA.Watcher.Server):
        async def done(self, _context):
            pass

    class Task(SCHEMA.Task.Server):
        async def run_context(self, context):
            order = context.params.order
            check(order.urgent, True)
            context.results.receipt.total = order.count * 3
            context.results.receipt.note = "a newer note"

    OFFERS = {"newer-task": Task}

    async def task_tries(bootstrap):
        task = bootstrap.cast_as(SCHEMA.Task)
        watcher = SCHEMA.Watcher._new_client(Watcher())
        ran = await task.run({"item": "rope", "count": 5, "urgent": False, "watcher": watcher})
        check((ran.receipt.total, ran.receipt.note), (10, "none"))
        await fails(task.stop(), "")

    TRIES = {"newer-task": task_tries}


async def serve():
    async def accepted(stream):
        await capnp.TwoPartyServer(stream, bootstrap=OFFERS[ROLE]()).on_disconnect()

    server = await capnp.AsyncIoStream.create_server(accepted, "127.0.0.1", 0)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.close()


async def call(port):
    stream = await capnp.AsyncIoStream.create_connection("127.0.0.1", port)
    client = capnp.TwoPartyClient(stream)
    await TRIES[ROLE](client.bootstrap())
    print("ok", ROLE)


if __name__ == "__main__":
    asyncio.run(capnp.run(serve() if sys.argv[1] == "serve" else call(int(sys.argv[3]))))
