// What is called: one method for each thing that can pass between two Workers.
import { WorkerEntrypoint, RpcTarget } from 'cloudflare:workers';

// What happened here, by the key of the run it happened in.
const happened = new Map();
const note = (key, what) => happened.set(key, [...(happened.get(key) ?? []), what]);
const bytes = (text) => new TextEncoder().encode(text);

class OutOfInk extends Error {
  constructor(message, pages) {
    super(message);
    this.name = 'OutOfInk';
    this.pages = pages;
  }
}

class Account extends RpcTarget {
  #balance;
  #key;
  constructor(key, balance) {
    super();
    this.#key = key;
    this.#balance = balance;
    this.own = 'not to be seen';
  }
  deposit(amount) { return (this.#balance += amount); }
  get balance() { return this.#balance; }
  branch(balance) { return new Account(this.#key, balance); }
  itself() { return this; }
  [Symbol.dispose]() { note(this.#key, `closed at ${this.#balance}`); }
}

const FAILURES = {
  error: () => { throw new Error('it does not work'); },
  type: () => { throw new TypeError('not of this type'); },
  range: () => { throw new RangeError('not in this range'); },
  custom: () => { throw new OutOfInk('no ink', [4, 5]); },
  cause: () => { throw new Error('outside', { cause: new TypeError('inside') }); },
  dom: () => { throw new DOMException('stopped', 'AbortError'); },
  aggregate: () => { throw new AggregateError([new Error('a'), new RangeError('b')], 'both'); },
  text: () => { throw 'no error at all'; },
  object: () => { throw { code: 17 }; },
};

export default class Callee extends WorkerEntrypoint {
  ping() { return 'pong'; }
  nothing() {}
  add(a, b) { return a + b; }
  echo(value) { return value; }
  count(...all) { return all.length; }
  happened(key) { return happened.get(key) ?? []; }

  // A context that ends with its last stub ends before the stub's disposer runs.
  stay() { this.ctx.waitUntil(scheduler.wait(2000)); }
  account(key, balance) { this.stay(); return new Account(key, balance); }
  async accountLater(key, balance) { await scheduler.wait(15); return new Account(key, balance); }
  bank(key) { this.stay(); return { vault: { first: new Account(key, 1), second: new Account(key, 2) }, founded: 1694 }; }
  closing(key) { this.stay(); return { open: true, [Symbol.dispose]() { note(key, 'the office closed'); } }; }
  times(factor) { return (x) => x * factor; }
  curried() { return (a) => (b) => (c) => `${a}${b}${c}`; }
  get rates() { return { loan: 7, deposit: 2 }; }
  get reserve() { return new Account('reserve', 500); }
  get closed() { throw new RangeError('not on Sundays'); }

  async call(f, x) { return await f(x); }
  async callInOrder(f, n) {
    const calls = [];
    for (let i = 0; i < n; i++) calls.push(f(i));
    return await Promise.all(calls);
  }
  async depositIn(target, amount) { return await target.deposit(amount); }
  async pipelineInto(f) { return await f().branch(30).deposit(3); }
  returned(stub) { return stub; }
  keep(f, key) {
    const kept = f.dup();
    this.ctx.waitUntil((async () => {
      await scheduler.wait(15);
      note(key, `kept: ${await kept('late')}`);
      kept[Symbol.dispose]();
    })());
  }
  keepWithoutDup(f, key) {
    this.ctx.waitUntil((async () => {
      await scheduler.wait(15);
      try { note(key, await f('late')); } catch (error) { note(key, error.message); }
    })());
  }

  fail(how) { FAILURES[how](); }
  async failLater() { await scheduler.wait(5); throw new Error('too late'); }
  never() { return new Promise(() => {}); }
  async slow(ms) { await scheduler.wait(ms); return ms; }
  giveUp() { this.ctx.abort(new Error('gave up')); }
  large(length) { return new Uint8Array(length).fill(7); }

  letters(n) {
    let at = 0;
    return new ReadableStream({
      type: 'bytes',
      pull(c) {
        if (at === n) { c.close(); c.byobRequest?.respond(0); return; }
        c.enqueue(bytes(String.fromCharCode(97 + (at++ % 26))));
      },
    });
  }
  chunks(n, length) {
    let at = 0;
    return new ReadableStream({
      type: 'bytes',
      pull(c) {
        if (at === n) { c.close(); c.byobRequest?.respond(0); return; }
        c.enqueue(new Uint8Array(length).fill(at++ % 251));
      },
    });
  }
  exactly(n) {
    const { readable, writable } = new FixedLengthStream(n);
    const writer = writable.getWriter();
    writer.write(new Uint8Array(n).fill(120));
    writer.close();
    return readable;
  }
  endless(key) {
    this.stay();
    return new ReadableStream({
      type: 'bytes',
      pull(c) { c.enqueue(new Uint8Array(500)); },
      cancel(reason) { note(key, `cancelled: ${reason?.message ?? reason}`); },
    });
  }
  breaking() {
    let first = true;
    return new ReadableStream({
      type: 'bytes',
      pull(c) {
        if (first) { first = false; c.enqueue(bytes('half')); } else { c.error(new Error('torn')); }
      },
    });
  }
  async length(stream) {
    let length = 0;
    let sum = 0;
    for await (const chunk of stream) {
      length += chunk.length;
      for (const byte of chunk) sum = (sum * 31 + byte) >>> 0;
    }
    return { length, sum };
  }
  async text(stream) { return await new Response(stream).text(); }
  async firstOf(stream) {
    const reader = stream.getReader();
    const { value } = await reader.read();
    await reader.cancel(new Error('one is enough'));
    return value.length;
  }
  async writeInto(stream, text) {
    const writer = stream.getWriter();
    await writer.write(bytes(text));
    await writer.close();
    return text.length;
  }

  response() { return new Response('created', { status: 201, headers: { 'x-made': 'here' } }); }
  request(request) { return `${request.method} ${request.url} ${request.headers.get('x-asked')}`; }
  async requestBody(request) { return await request.text(); }

  async fetch(request) {
    if (request.headers.get('upgrade') === 'websocket') {
      const [client, server] = Object.values(new WebSocketPair());
      server.binaryType = 'arraybuffer';
      server.accept();
      server.addEventListener('message', ({ data }) => {
        server.send(typeof data === 'string' ? `heard ${data}` : data);
      });
      return new Response(null, { status: 101, webSocket: client });
    }
    const url = new URL(request.url);
    if (url.pathname === '/mirror') return new Response(request.body, { headers: { 'x-mirror': '1' } });
    const answer = { url: request.url, method: request.method, body: await request.text() };
    return Response.json(answer, { status: 202 });
  }

  async connect(socket) {
    const heard = await new Response(socket.readable).text();
    const writer = socket.writable.getWriter();
    await writer.write(bytes(`elsewhere heard ${heard}`));
    await writer.close();
  }
}

export class Clerk extends WorkerEntrypoint {
  who() { return `clerk at ${this.ctx.props.desk}`; }
  async fetch() { return new Response(`clerk at ${this.ctx.props.desk}`); }
}
