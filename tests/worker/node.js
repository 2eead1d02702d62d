// The other end of the comparison with V8: reads commands, one a line, answers each with one line.
//   make SEED      a random value, serialized by V8, and described
//   read HEX       describes what V8 reads there, and serializes it again
//   eval HEX       what an expression gives, serialized and described
//   show SEED      a value with things to lay out, serialized by V8; and how it is printed: as util.inspect does it, with
//                  all levels, and as JSON
// A description names everything one can see of a value, aliases included, so that two equal ones are the same text.
'use strict';
const v8 = require('node:v8');
const { inspect } = require('node:util');

const NATIVE_ERROR = 10;
const ERROR_NAMES = ['', 'Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'WasmCompileError',
  'WasmLinkError', 'WasmRuntimeError', 'WasmSuspendError', 'EvalError', 'URIError', 'AggregateError', 'SuppressedError'];

class Reader extends v8.Deserializer {
  // Errors as the runtime writes them; everything else of the runtime's has no class here.
  _readHostObject() {
    const tag = this.readUint32();
    if (tag !== NATIVE_ERROR) throw new Error(`host object ${tag}`);
    const kind = this.readUint32();
    const name = kind === 0 ? this.readValue() : ERROR_NAMES[kind];
    const error = new (globalThis[name] ?? Error)(name === 'AggregateError' ? [] : this.readValue());
    if (name === 'AggregateError') {
      Object.defineProperty(error, 'message', { value: this.readValue() });
      delete error.errors;
    }
    delete error.stack;
    if (error.name !== name) Object.defineProperty(error, 'name', { value: name });
    const own = this.readValue();
    for (const key of Object.keys(own)) Object.defineProperty(error, key, { value: own[key], enumerable: true });
    return error;
  }
}

const serialize = (value) => {
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer().toString('hex');
};

const deserialize = (hex) => {
  const reader = new Reader(Buffer.from(hex, 'hex'));
  reader.readHeader();
  return reader.readValue();
};

const bits = (number) => {
  if (Number.isNaN(number)) return 'nan';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(number);
  return bytes.toString('hex');
};
const units = (text) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16)).join('.');

const tracksLength = (view) => {
  const buffer = view.buffer;
  if (!buffer.resizable) return false;
  const before = view.byteLength;
  const size = buffer.byteLength;
  buffer.resize(buffer.maxByteLength);
  const tracks = view.byteLength !== before;
  buffer.resize(size);
  return tracks;
};

const describe = (root) => {
  const seen = new Map();
  const all = (values) => values.join(',');
  const properties = (object, keys) => all(keys.map((key) => `${units(key)}=${one(object[key])}`));
  const isIndex = (key) => /^(0|[1-9]\d*)$/.test(key) && Number(key) < 4294967295;
  const one = (value) => {
    switch (typeof value) {
      case 'undefined': return 'undefined';
      case 'boolean': return String(value);
      case 'number': return `N${bits(value)}`;
      case 'bigint': return `B${value.toString(16)}`;
      case 'string': return `S${units(value)}`;
    }
    if (value === null) return 'null';
    if (seen.has(value)) return `^${seen.get(value)}`;
    seen.set(value, seen.size);
    return object(value);
  };
  const object = (value) => {
    if (Array.isArray(value)) {
      const keys = Object.keys(value);
      const items = keys.filter(isIndex).map((key) => `${key}:${one(value[key])}`);
      return `A${value.length}[${all(items)}|${properties(value, keys.filter((key) => !isIndex(key)))}]`;
    }
    if (value instanceof Map) return `M{${all([...value].map(([key, item]) => `${one(key)}>${one(item)}`))}}`;
    if (value instanceof Set) return `U{${all([...value].map(one))}}`;
    if (value instanceof Date) return `D${bits(value.getTime())}`;
    if (value instanceof RegExp) return `R${units(value.source)}/${value.flags}`;
    if (value instanceof ArrayBuffer) {
      return `b${Buffer.from(value).toString('hex')}${value.resizable ? `~${value.maxByteLength}` : ''}`;
    }
    if (ArrayBuffer.isView(value)) {
      const tracks = tracksLength(value);
      return `V${value.constructor.name}(${one(value.buffer)},${value.byteOffset},${tracks ? 'auto' : value.byteLength})`;
    }
    if (value instanceof Error) {
      const own = Object.getOwnPropertyNames(value).filter((key) => key !== 'message' && key !== 'name').sort();
      return `E${value.name}:${units(value.message)}{${properties(value, own)}}`;
    }
    for (const box of [Number, String, Boolean, BigInt]) {
      if (value instanceof box) return `x${one(value.valueOf())}`;
    }
    return `O{${properties(value, Object.keys(value))}}`;
  };
  return one(root);
};

// Everything that V8 spells in one way; so no lists of nothing but fractions and integers, which it may keep as doubles.
const generator = (seed) => {
  let state = seed >>> 0;
  const below = (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
  const pick = (list) => list[below(list.length)];
  const made = [];
  const times = (limit, what) => { for (let left = below(limit); left > 0; left--) what(); };
  const text = () => {
    const top = pick([0x7f, 0xff, 0xffff]);
    const list = [];
    times(pick([4, 20, 200]), () => list.push(below(top + 1)));
    if (top === 0xffff) list.push(pick([0xd800, 0xdfff, 0x100, 0x20ac]));
    return String.fromCharCode(...list);
  };
  // An integer that was computed may be kept as a double; then it is written as one.
  const settled = (value) => (Object.is(value | 0, value) ? value | 0 : value);
  const number = () => settled(pick([
    () => below(200) - 100, () => -2147483648 + below(5), () => 2147483647 - below(5), () => 2147483648 + below(5),
    () => below(1000) + 0.5, () => -0, () => NaN, () => Infinity, () => -Infinity, () => 5e-324, () => 2 ** 53 + 2 * below(9),
  ])());
  const bigint = () => {
    let value = 0n;
    times(5, () => { value = (value << 64n) | (BigInt(below(2 ** 32)) << 32n) | BigInt(below(2 ** 32)); });
    return below(2) ? value : -value;
  };
  const primitive = () => pick([() => undefined, () => null, () => true, () => false, number, number, bigint, text, text])();
  const key = () => pick([text, () => String(below(12)), () => String(4294967290 + below(9)), () => '-1', () => '1.5', () => '01'])();
  const keep = (value) => { made.push(value); return value; };
  const buffer = () => {
    const size = pick([0, 8, 16, 64]);
    const made = below(3) ? new ArrayBuffer(size) : new ArrayBuffer(size, { maxByteLength: size + 64 });
    new Uint8Array(made).forEach((_, at, bytes) => { bytes[at] = below(256); });
    return keep(made);
  };
  const view = () => {
    const buffers = made.filter((value) => value instanceof ArrayBuffer);
    const of = buffers.length && below(2) ? pick(buffers) : buffer();
    const kind = pick([Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
      Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView]);
    const item = kind.BYTES_PER_ELEMENT ?? 1;
    const offset = below(of.byteLength / item + 1) * item;
    if (of.resizable && below(2)) return keep(new kind(of, offset));
    return keep(new kind(of, offset, below((of.byteLength - offset) / item + 1)));
  };
  // Lists made by one expression share what V8 has learnt of their holes, so those with holes have one of their own.
  const list = () => { const made = [{}]; made.pop(); return keep(made); };
  const holey = () => { const made = [{}]; made.pop(); return keep(made); };
  const error = (depth) => {
    const made = keep(pick([
      () => new Error(text()), () => new TypeError(text()), () => new RangeError(text()), () => new ReferenceError(text()),
      () => new SyntaxError(text()), () => new EvalError(text()), () => new URIError(text()),
    ])());
    made.stack = text();
    if (below(2)) made.cause = value(depth - 1);
    return made;
  };
  const deep = (depth) => pick([
    () => { const made = keep({}); times(6, () => { made[key()] = value(depth - 1); }); return made; },
    () => { const made = list(); times(8, () => made.push(value(depth - 1))); if (below(4) === 0) made[text() + 'x'] = value(depth - 1); return made; },
    () => { const made = holey(); let at = 0; times(5, () => { at += 1 + below(9); made[at] = value(depth - 1); }); made.length = at + 2; return made; },
    () => { const made = keep(new Map()); times(5, () => made.set(value(depth - 1), value(depth - 1))); return made; },
    () => { const made = keep(new Set()); times(5, () => made.add(value(depth - 1))); return made; },
    () => keep(new Date(pick([NaN, 0, -1, 1.7e12, 8.64e15, below(1e9)]))),
    () => keep(pick([/a+b/gi, /\u20ac/dgimsuy, /x/v, /(?:)/])),
    () => keep(Object(pick([true, false, number(), bigint(), text()]))),
    buffer, view, view,
    () => error(depth),
  ])();
  const value = (depth) => {
    if (made.length && below(6) === 0) return pick(made);
    return depth <= 0 || below(3) === 0 ? primitive() : deep(depth);
  };
  return value(4);
};

// Values of all lengths, widths and depths.
const picture = (seed) => {
  let state = seed >>> 0;
  const below = (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = (list) => list[below(list.length)];
  const list = (limit, what) => Array.from({ length: below(limit) }, what);
  const PIECES = ['a', 'Z', '0', ' ', '_', '$', '-', "'", '"', '`', '${', '\\', '\n', '\t', '\0', '\b', '\x7f', '\x9b', '\xe9',
    '\u65e5', '\u20ac', '\u{1f600}', '\ud83d', '\udc00', '\uff01', '\uac00', 'word ', 'a longer piece of it, '];
  const word = () => pick(['a', 'id', 'name', 'first_name', '$ref', 'x-y', '__proto__', '1.5', '\xe9t\xe9', "it's", 'constructor', 'averylongpropertynameindeed']);
  const text = () => list(pick([2, 6, 6, 30]), () => pick(PIECES)).join('');
  const plain = () => 'abcdefghijklmnopqrstuvwxyz'.repeat(5).slice(0, below(pick([4, 12, 100])));
  const number = () => pick([() => below(10), () => below(1e6), () => below(1e9) / 1000, () => -below(100), () => -0, () => NaN, () => 1e21,
    () => 5e-7, () => -Infinity])();
  const bigint = () => BigInt(below(1e9)) ** BigInt(below(6)) * pick([1n, -1n]);
  const primitive = () => pick([() => undefined, () => null, () => true, number, number, bigint, text, plain, plain])();
  const made = [];
  const keep = (value) => { made.push(value); return value; };
  const bytes = () => Uint8Array.from(list(pick([4, 20, 130]), () => below(256)));
  const set = (object, key, value) => Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  const error = (depth) => {
    const made = keep(pick([() => new Error(text()), () => new TypeError(plain()), () => new RangeError('')])());
    delete made.stack;
    if (below(3) === 0) Object.defineProperty(made, 'cause', { value: value(depth - 1), enumerable: false });
    return made;
  };
  const alike = () => pick([number, bigint, plain, text, () => below(100), () => below(100)]);
  const deep = (depth) => pick([
    () => { const object = keep({}); list(pick([4, 9]), () => set(object, pick([word, text, () => below(9)])(), value(depth - 1))); return object; },
    () => { const object = keep({}); list(5, () => set(object, word(), value(depth - 1))); return object; },
    () => { const array = keep([]); list(pick([4, 9]), () => array.push(value(depth - 1))); return array; },
    () => { const array = keep([]); const one = alike(); list(pick([9, 30, 130]), () => array.push(one())); return array; },
    () => { const array = keep([]); const one = alike(); list(pick([9, 130]), () => array.push(one())); if (below(3) === 0) set(array, word(), value(depth - 1)); return array; },
    () => { const array = keep([]); let at = 0; list(pick([4, 130]), () => { at += 1 + below(2) * below(4); array[at] = below(9); }); array.length = at + 1 + below(2); return array; },
    () => keep(new Map(list(pick([3, 5, 120]), () => [below(9) ? primitive() : value(depth - 1), value(depth - 1)]))),
    () => keep(new Set(list(pick([3, 5, 120]), () => value(depth - 1)))),
    () => keep(new Date(pick([NaN, 0, below(2e9) * 1000, -8.64e15]))),
    () => keep(pick([/a+b/gi, /\//u, /x y/v, new RegExp('')])),
    () => keep(Object(pick([true, number(), bigint(), text(), plain()]))),
    () => keep(bytes()), () => keep(bytes().buffer),
    () => { const held = bytes().buffer; return keep(new DataView(held, below(held.byteLength + 1))); },
    () => keep(Float64Array.from(list(pick([9, 110]), number))), () => keep(BigInt64Array.from(list(12, () => BigInt(below(100) - 50)))),
    () => error(depth),
  ])();
  const value = (depth) => {
    if (made.length && below(9) === 0) return pick(made);
    return depth <= 0 || below(3) === 0 ? primitive() : deep(depth);
  };
  return deep(pick([1, 2, 3, 5]));
};

const hex = (text) => Buffer.from(text).toString('hex');
const json = (value) => {
  try { return JSON.stringify(value) ?? 'null'; } catch (error) { return `${error.name}: ${error.message.split('\n')[0]}`; }
};
const show = (value) => `${serialize(value)} ${hex(inspect(value))},${hex(inspect(value, { depth: 512 }))},${hex(json(value))}`;

// Where an error was made is no part of what is compared.
const withoutStacks = (value) => {
  if (value instanceof Error) { delete value.stack; withoutStacks(value.cause); }
  else if (value instanceof Map) [...value].flat().forEach(withoutStacks);
  else if (value instanceof Set) [...value].forEach(withoutStacks);
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) Object.values(value).forEach(withoutStacks);
  return value;
};

const answer = (line) => {
  const [command, rest] = line.split(' ');
  if (command === 'eval') {
    const value = withoutStacks((0, eval)(`'use strict'; (${Buffer.from(rest, 'hex').toString()})`));
    return `${serialize(value)} ${describe(value)}`;
  }
  if (command === 'show') return show(picture(Number(rest)));
  const value = command === 'make' ? generator(Number(rest)) : deserialize(rest);
  return `${serialize(value)} ${describe(value)}`;
};

let pending = '';
process.stdin.setEncoding('latin1');
process.stdin.on('data', (text) => {
  const lines = (pending + text).split('\n');
  pending = lines.pop();
  for (const line of lines) {
    let told;
    try { told = answer(line); } catch (error) { told = `! ${String(error.message).replaceAll('\n', ' ')}`; }
    process.stdout.write(`${told}\n`);
  }
});
