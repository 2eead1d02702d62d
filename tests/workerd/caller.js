// What calls: situations by name, each checks what it gets. `GET /NAME?of=ONE|OTHER` plays one against
// that binding and says how it ended; `&key=K` names the run. `?at=HOST:PORT&service=S` plays it through a
// debug port, against `&entrypoint=E` with the JSON of `&props=P`.
import { RpcTarget, RpcStub } from 'cloudflare:workers';

const show = (value) =>
  JSON.stringify(value, (_, v) => (v === undefined ? '‹undefined›' : typeof v === 'bigint' || v instanceof BigInt ? `${v}n` : v));

function same(got, wanted) {
  if (show(got) !== show(wanted)) throw new Error(`got ${show(got)}, wanted ${show(wanted)}`);
}

async function fails(call, wanted) {
  let got;
  try {
    got = await call();
  } catch (error) {
    for (const [name, value] of Object.entries(wanted)) {
      if (show(error[name]) !== show(value)) {
        throw new Error(`${name} is ${show(error[name])}, wanted ${show(value)}, in ${error}`);
      }
    }
    return error;
  }
  throw new Error(`got ${show(got)}, wanted a failure`);
}

/** Waits until what happened at the callee is `wanted`, in any order. */
async function happens(svc, key, wanted) {
  let got;
  for (let i = 0; i < 100; i++) {
    got = (await svc.happened(key)).sort();
    if (show(got) === show(wanted)) return;
    await scheduler.wait(10);
  }
  same(got, wanted);
}

class Purse extends RpcTarget {
  constructor(coins, onClose = () => {}) {
    super();
    this.coins_ = coins;
    this.onClose_ = onClose;
  }
  deposit(n) { return (this.coins_ += n); }
  branch(n) { return new Purse(n); }
  [Symbol.dispose]() { this.onClose_(); }
}

const tag = (value) => Object.prototype.toString.call(value);
const inside = (value) =>
  value instanceof Map || value instanceof Set ? [...value]
  : ArrayBuffer.isView(value) ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
  : value instanceof ArrayBuffer ? [...new Uint8Array(value)]
  : value instanceof Date || value instanceof RegExp ? String(value)
  : value instanceof Error ? [value.name, value.message, value.code_, value.cause?.message]
  : Object.is(value, -0) ? '−0' : Number.isNaN(value) ? 'NaN' : value;

const values = () => {
  const holes = [1];
  holes[3] = 2;
  return {
    undefined, null: null, true: true, false: false, zero: 0, minusZero: -0, integer: 41, negative: -77,
    fraction: 2.75, nan: NaN, infinity: -Infinity, large: 2 ** 53 - 1, empty: '', latin: 'naïve', wide: '日本 🪢',
    half: '\ud83e', bigint: 2n ** 90n, negativeBigint: -3n, zeroBigint: 0n, date: new Date(86400000),
    regexp: /kn(o)t+/giu, list: [1, 'two', [3]], holes, object: { b: 1, a: { z: null } }, map: new Map([['k', 1], [2, [3]]]),
    set: new Set(['x', 0]), buffer: new Uint8Array([5, 6]).buffer, u8: new Uint8Array([1, 2, 255]),
    f64: new Float64Array([0.5, -8]), i16: new Int16Array([-2, 300]), big64: new BigInt64Array([-1n]),
    view: new DataView(new Uint8Array([1, 2, 3, 4, 5]).buffer, 1, 3), part: new Uint8Array([0, 1, 2, 3]).subarray(1, 3),
    boxed: [Object(1), Object('s'), Object(true), Object(5n)],
    error: Object.assign(new SyntaxError('unread', { cause: new Error('ink') }), { code_: 3 }),
  };
};

export const situations = {
  // Values
  async values(svc) {
    for (const [name, value] of Object.entries(values())) {
      const back = await svc.echo(value);
      same([name, tag(back), inside(back)], [name, tag(value), inside(value)]);
    }
  },
  async all_values_at_once(svc) {
    const back = await svc.echo(values());
    same(Object.keys(back), Object.keys(values()));
    for (const [name, value] of Object.entries(values())) same([name, inside(back[name])], [name, inside(value)]);
  },
  async circles_and_aliases(svc) {
    const knot = { name: 'bowline' };
    knot.self = knot;
    const back = await svc.echo([knot, knot]);
    same([back[0] === back[1], back[0].self === back[0], back[0].name], [true, true, 'bowline']);
  },
  async arguments_of_any_number(svc) {
    same([await svc.count(), await svc.count(1), await svc.count(undefined, 2, null)], [0, 1, 3]);
    same(await svc.nothing(), undefined);
  },
  async http_values(svc) {
    const response = await svc.response();
    same([response.status, response.headers.get('x-made'), await response.text()], [201, 'here', 'created']);
    const request = new Request('https://a.test/b?c', { method: 'PUT', headers: { 'x-asked': 'yes' }, body: 'd' });
    same(await svc.request(request), 'PUT https://a.test/b?c yes');
    same(await svc.requestBody(new Request('https://a.test/', { method: 'POST', body: 'carried' })), 'carried');
    same([...(await svc.echo(new Headers([['a', '1'], ['b', '2']])))], [['a', '1'], ['b', '2']]);
    const blob = await svc.echo(new Blob(['knot'], { type: 'text/x' }));
    same([blob.type, await blob.text()], ['text/x', 'knot']);
  },
  async a_large_value(svc) {
    const back = await svc.large(12 << 20);
    same([back.length, back[0], back[back.length - 1]], [12 << 20, 7, 7]);
    same((await svc.echo(new Uint8Array(5 << 20))).length, 5 << 20);
  },

  // Targets, functions, getters
  async a_target_is_called(svc, key) {
    const account = await svc.account(key, 10);
    same([await account.deposit(1), await account.deposit(5), await account.balance], [11, 16, 16]);
    account[Symbol.dispose]();
    await happens(svc, key, ['closed at 16']);
  },
  async targets_inside_an_object(svc, key) {
    const bank = await svc.bank(key);
    same([bank.founded, await bank.vault.first.deposit(10), await bank.vault.second.balance], [1694, 11, 2]);
    bank[Symbol.dispose]();
    await happens(svc, key, ['closed at 11', 'closed at 2']);
  },
  async functions(svc) {
    using triple = await svc.times(3);
    same([await triple(4), await triple(-1)], [12, -3]);
  },
  async getters(svc) {
    same([await svc.rates, await svc.rates.loan], [{ loan: 7, deposit: 2 }, 7]);
    same(await svc.reserve.deposit(1), 501);
    await fails(() => svc.closed, { name: 'RangeError', message: 'not on Sundays', remote: true });
  },
  async what_is_hidden(svc, key) {
    const lacks = (name) => ({ name: 'TypeError', message: `The RPC receiver does not implement the method "${name}".` });
    await fails(() => svc.nowhere(1), lacks('nowhere'));
    await fails(() => svc.env, lacks('env'));
    using account = await svc.account(key, 1);
    await fails(() => account.own, lacks('own'));
    await fails(() => svc.add(1, 2).more(), lacks('more'));
  },
  async a_duplicate_outlives_its_original(svc, key) {
    const account = await svc.account(key, 2);
    const twin = account.dup();
    account[Symbol.dispose]();
    same(await twin.deposit(2), 4);
    await scheduler.wait(20);
    same(await svc.happened(key), []);
    twin[Symbol.dispose]();
    await happens(svc, key, ['closed at 4']);
  },
  async an_object_with_a_disposer(svc, key) {
    const office = await svc.closing(key);
    await scheduler.wait(20);
    same([office.open, await svc.happened(key)], [true, []]);
    office[Symbol.dispose]();
    await happens(svc, key, ['the office closed']);
  },

  // Pipelining and order
  async pipelined_calls(svc, key) {
    same(await svc.account(key, 1).branch(20).branch(300).deposit(4), 304);
    same(await svc.bank(key).vault.second.deposit(2), 4);
    same(await svc.bank(key).founded, 1694);
    same(await svc.curried()('a')('b')('c'), 'abc');
    same(await svc.accountLater(key, 6).deposit(1), 7);
  },
  async one_promise_called_often(svc, key) {
    const promise = svc.accountLater(key, 0);
    const calls = [1, 2, 3, 4, 5, 6].map((n) => promise.deposit(n));
    same(await Promise.all(calls), [1, 3, 6, 10, 15, 21]);
    const account = await promise;
    same([await promise.deposit(1), await account.deposit(1)], [22, 23]);
    account[Symbol.dispose]();
  },
  async calls_arrive_in_order(svc, key) {
    const account = await svc.account(key, 0);
    const calls = [];
    for (let i = 1; i <= 100; i++) calls.push(account.deposit(i));
    let sum = 0;
    same(await Promise.all(calls), Array.from({ length: 100 }, (_, i) => (sum += i + 1)));
    account[Symbol.dispose]();
  },
  async a_hundred_sessions_at_once(svc) {
    const calls = Array.from({ length: 100 }, (_, i) => svc.add(i, 1));
    same(await Promise.all(calls), Array.from({ length: 100 }, (_, i) => i + 1));
  },
  async a_failure_fails_what_is_pipelined_on_it(svc) {
    await fails(() => svc.fail('range').one.two(3).four(), { name: 'RangeError', message: 'not in this range' });
  },
  async a_chain_of_eight(svc, key) {
    let link = svc.account(key, 0);
    for (let i = 1; i < 7; i++) link = link.branch(i);
    same(await link.deposit(1), 7);
  },

  // Callbacks, and stubs passed on
  async callbacks(svc) {
    same(await svc.call((x) => `${x}!`, 'ahoy'), 'ahoy!');
    same(await svc.callInOrder((x) => x * x, 20), Array.from({ length: 20 }, (_, i) => i * i));
    same(await svc.depositIn(new Purse(5), 2), 7);
    same(await svc.pipelineInto(() => new Purse(1)), 33);
  },
  async a_callback_that_fails(svc) {
    const call = () => svc.call(() => { throw new TypeError('my own fault'); });
    await fails(call, { name: 'TypeError', message: 'my own fault' });
  },
  async a_callback_within_a_callback(svc) {
    same(await svc.call(async (f) => await f(6), (x) => x + 1), 7);
    same(await svc.call(async (x) => await svc.call((y) => y + x, 10), 1), 11);
  },
  async a_stub_of_ours_comes_back(svc) {
    let closed = 0;
    const stub = new RpcStub(new Purse(3, () => closed++));
    const back = await svc.returned(stub);
    same(await back.deposit(4), 7);
    back[Symbol.dispose]();
    await scheduler.wait(20);
    same(closed, 0);
    stub[Symbol.dispose]();
    for (let i = 0; i < 50 && closed === 0; i++) await scheduler.wait(10);
    same(closed, 1);
  },
  async a_stub_of_theirs_goes_back(svc, key) {
    const account = await svc.account(key, 3);
    const back = await svc.returned(account);
    same([await back.deposit(4), await svc.depositIn(account, 1)], [7, 8]);
    const itself = await account.itself();
    same(await itself.balance, 8);
    for (const stub of [back, account, itself]) stub[Symbol.dispose]();
  },
  async a_callback_is_kept_with_dup_only(svc, key) {
    await svc.keep((x) => `${x} call`, key);
    await happens(svc, key, ['kept: late call']);
    await svc.keepWithoutDup((x) => `${x} call`, `${key} not`);
    await happens(svc, `${key} not`, ['RPC stub used after being disposed.']);
  },
  async a_target_passed_is_disposed_once_the_call_is_over(svc) {
    let closed = 0;
    await svc.depositIn(new Purse(1, () => closed++), 1);
    for (let i = 0; i < 50 && closed === 0; i++) await scheduler.wait(10);
    await scheduler.wait(20);
    same(closed, 1);
  },

  // Failures
  async failures(svc) {
    const remote = true;
    await fails(() => svc.fail('error'), { name: 'Error', message: 'it does not work', remote });
    await fails(() => svc.fail('type'), { name: 'TypeError', message: 'not of this type', remote });
    const ink = await fails(() => svc.fail('custom'), { name: 'OutOfInk', message: 'no ink', pages: [4, 5], remote });
    same(ink instanceof Error, true);
    const outer = await fails(() => svc.fail('cause'), { message: 'outside', remote });
    same([outer.cause.name, outer.cause.message], ['TypeError', 'inside']);
    const dom = await fails(() => svc.fail('dom'), { name: 'AbortError', message: 'stopped', code: 20 });
    same(dom instanceof DOMException, true);
    const both = await fails(() => svc.fail('aggregate'), { name: 'AggregateError', message: 'both' });
    same(both.errors.map((error) => `${error}`), ['Error: a', 'RangeError: b']);
    await fails(() => svc.fail('text'), { name: 'Error', message: 'no error at all' });
    await fails(() => svc.fail('object'), { code: 17 });
    await fails(() => svc.failLater(), { message: 'too late', remote });
  },
  async what_cannot_be_passed(svc) {
    await fails(() => svc.echo(Symbol('knot')), { name: 'DataCloneError' });
    await fails(() => svc.echo(new (class Rope {})()), { name: 'DataCloneError' });
  },
  async a_callee_that_gives_up(svc) {
    await fails(() => svc.giveUp(), { message: 'gave up' });
    same(await svc.ping(), 'pong');
  },
  async a_promise_is_disposed_while_it_waits(svc) {
    const waiting = svc.never();
    await scheduler.wait(20);
    waiting[Symbol.dispose]();
    const slow = svc.slow(400);
    await scheduler.wait(10);
    slow[Symbol.dispose]();
    same(await svc.ping(), 'pong');
  },

  // Streams
  async streams_from_there(svc) {
    same(await new Response(await svc.letters(30)).text(), 'abcdefghijklmnopqrstuvwxyzabcd');
    same(await new Response(await svc.exactly(9)).text(), 'xxxxxxxxx');
    let length = 0;
    for await (const chunk of await svc.chunks(40, 50000)) length += chunk.length;
    same(length, 2000000);
  },
  async streams_to_there(svc) {
    const { readable, writable } = new IdentityTransformStream();
    const answer = svc.text(readable);
    const writer = writable.getWriter();
    for (const word of ['to ', 'and ', 'fro']) await writer.write(new TextEncoder().encode(word));
    await writer.close();
    same(await answer, 'to and fro');
    let at = 0;
    const large = new ReadableStream({
      type: 'bytes',
      pull(c) {
        if (at === 60) { c.close(); c.byobRequest?.respond(0); return; }
        c.enqueue(new Uint8Array(40000).fill(at++));
      },
    });
    let sum = 0;
    for (let i = 0; i < 60; i++) for (let j = 0; j < 40000; j++) sum = (sum * 31 + i) >>> 0;
    same(await svc.length(large), { length: 2400000, sum });
  },
  async a_writable_stream_there(svc) {
    const { readable, writable } = new IdentityTransformStream();
    const answer = svc.writeInto(writable, 'written there');
    same([await new Response(readable).text(), await answer], ['written there', 13]);
  },
  async a_stream_goes_there_and_back(svc) {
    same(await new Response(await svc.echo(await svc.letters(3))).text(), 'abc');
  },
  async a_stream_is_cancelled_here(svc, key) {
    const reader = (await svc.endless(key)).getReader();
    for (let i = 0; i < 3; i++) same((await reader.read()).value.length > 0, true);
    await reader.cancel('enough');
    let got = [];
    for (let i = 0; i < 100 && got.length === 0; i++) {
      await scheduler.wait(10);
      got = await svc.happened(key);
    }
    // The reason arrives, or the end of the writes before it.
    same(got.length === 1 && got[0].startsWith('cancelled: '), true);
  },
  async a_stream_is_cancelled_there(svc) {
    let why;
    const endless = new ReadableStream({
      type: 'bytes',
      pull(c) { c.enqueue(new Uint8Array(100)); },
      cancel(reason) { why = reason.message; },
    });
    same((await svc.firstOf(endless)) > 0, true);
    for (let i = 0; i < 100 && why === undefined; i++) await scheduler.wait(10);
    return why;
  },
  async a_stream_breaks(svc) {
    const error = await fails(async () => await new Response(await svc.breaking()).text(), {});
    return error.message;
  },

  // HTTP
  async fetch_with_a_body(svc) {
    const response = await svc.fetch('https://knots.test/tie?n=1', { method: 'POST', body: 'rope' });
    const told = await response.json();
    // Plain HTTP does not say that it was meant to be encrypted.
    const url = told.url.replace('https:', 'http:');
    same([response.status, told.method, told.body, url], [202, 'POST', 'rope', 'http://knots.test/tie?n=1']);
  },
  async fetch_streams_a_body_both_ways(svc) {
    const { readable, writable } = new IdentityTransformStream();
    const answering = svc.fetch('https://knots.test/mirror', { method: 'POST', body: readable });
    const writer = writable.getWriter();
    const first = writer.write(new TextEncoder().encode('there '));
    const reader = (await answering).body.getReader();
    same(new TextDecoder().decode((await reader.read()).value), 'there ');
    await first;
    writer.write(new Uint8Array(300000).fill(65));
    writer.close();
    let length = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) length += part.value.length;
    same(length, 300000);
  },
  async fetch_and_calls_take_turns(svc) {
    for (let i = 0; i < 3; i++) {
      same((await svc.fetch(`https://knots.test/${i}`)).status, 202);
      same(await svc.add(i, i), 2 * i);
    }
  },
  async a_socket_to_another_host(svc) {
    const socket = svc.connect('elsewhere.test:7');
    const writer = socket.writable.getWriter();
    await writer.write(new TextEncoder().encode('ahoy'));
    await writer.close();
    same(await new Response(socket.readable).text(), 'elsewhere heard ahoy');
  },
  async a_websocket(svc) {
    const { webSocket } = await svc.fetch('https://knots.test/', { headers: { upgrade: 'websocket' } });
    webSocket.binaryType = 'arraybuffer';
    webSocket.accept();
    const heard = [];
    const three = new Promise((resolve) => webSocket.addEventListener('message', ({ data }) => {
      if (heard.push(typeof data === 'string' ? data : data.byteLength) === 3) resolve();
    }));
    webSocket.send('ahoy');
    webSocket.send(new Uint8Array(70000));
    webSocket.send('there');
    await three;
    webSocket.close(1000, 'heard');
    same(heard, ['heard ahoy', 70000, 'heard there']);
  },
};

const others = {
  async clerk(svc) {
    same(await (await svc.fetch('http://any/')).text(), await svc.who());
    return await svc.who();
  },
  async ping(svc) { same(await svc.ping(), 'pong'); },
  async ping_fails(svc) {
    const error = await fails(() => svc.ping(), { name: 'Error' });
    return [error.message, error.retryable ?? false];
  },
  async fetch_fails(svc) {
    const response = await svc.fetch('http://any/');
    return [response.status, await response.text()];
  },
};

async function bound(env, query) {
  if (!query.has('at')) return env[query.get('of')];
  const port = env.DEBUG.connect(query.get('at'));
  const props = query.get('props');
  return await port.getEntrypoint(query.get('service'), query.get('entrypoint') ?? undefined, props ? JSON.parse(props) : undefined);
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const name = url.pathname.slice(1);
    if (name === '') return Response.json(Object.keys(situations));
    const play = situations[name] ?? others[name];
    if (!play) return Response.json({ wrong: `there is no situation ${name}` });
    try {
      const svc = await bound(env, url.searchParams);
      const told = await play(svc, url.searchParams.get('key'));
      return Response.json({ told: told ?? null });
    } catch (error) {
      return Response.json({ wrong: String(error?.stack ?? show(error)) });
    }
  },
};
