// The model: sessions, their questions, and the tables as they stand behind any line.

const LEFT = 0, RIGHT = 1;
const QUESTIONS = 0, EXPORTS = 1, EMBARGOES = 2;

// Bars that stand side by side at a lifeline.
const LANES = 7;

// What is counted at each line, in the order of `counts`.
const SERIES = [
  { table: QUESTIONS, side: LEFT, name: "questions" },
  { table: QUESTIONS, side: RIGHT, name: "questions" },
  { table: EXPORTS, side: LEFT, name: "exports" },
  { table: EXPORTS, side: RIGHT, name: "exports" },
  { table: EMBARGOES, side: LEFT, name: "embargoes" },
  { table: EMBARGOES, side: RIGHT, name: "embargoes" },
];

const keyOf = ([table, side, id]) => `${table}.${side}.${id}`;

class Session {
  constructor(data) {
    this.names = [data.left, data.right];
    this.woven = data.woven;
    this.skipped = data.skipped;
    this.lines = data.lines;
    this.known = data.known;
    // The tables as they stand behind the line `at`: from a key to [key fields, entry].
    this.entries = new Map();
    this.at = -1;
    // Every question there was, and the one each line is about; or the embargo.
    this.questions = [];
    this.about = new Array(this.lines.length).fill(null);
    this.counts = SERIES.map(() => new Uint32Array(this.lines.length));
    this.walk();
  }

  // The index of the line with a number; below 0 if it is not shown.
  index(number) {
    return number === null || number === undefined ? -1 : number - this.skipped;
  }

  number(index) {
    return this.skipped + index;
  }

  // One walk through all: what each change replaces, the lives of questions, the counts.
  walk() {
    const open = new Map(), embargoed = new Map(), counts = SERIES.map(() => 0);
    this.lanes = [0, 1].map(() => Array.from({ length: LANES }, () => []));
    for (const change of this.known) {
      this.entries.set(keyOf(change), change);
      if (change[0] === QUESTIONS) open.set(keyOf(change), this.ask(change, -1, null));
      counts[change[0] * 2 + change[1]] += 1;
    }
    this.lines.forEach((line, index) => {
      for (const change of line.c ?? []) {
        const key = keyOf(change), before = this.entries.get(key), now = change[3];
        change.before = before ?? null;
        if (now) this.entries.set(key, change); else this.entries.delete(key);
        counts[change[0] * 2 + change[1]] += (now ? 1 : 0) - (before ? 1 : 0);
        if (change[0] === QUESTIONS) this.follow(open, key, change, line, index);
        if (change[0] === EMBARGOES) this.embargo(embargoed, key, change, line, index);
      }
      counts.forEach((count, series) => { this.counts[series][index] = count; });
    });
    this.at = this.lines.length - 1;
  }

  ask(change, index, parent) {
    const [, owner, id, entry] = change;
    const question = {
      owner, id, what: entry.w, pipelineOnly: entry.p, start: index, returned: -1, end: Infinity,
      failed: false, parent, children: [], lines: [],
    };
    parent?.children.push(question);
    this.settle(question);
    this.questions.push(question);
    return question;
  }

  // Finds a lane for what begins, if there is one.
  settle(life) {
    const begins = Math.max(life.start, 0);
    const free = (taken) => taken.length === 0 || taken.at(-1).end < begins;
    this.lanes[life.owner].find(free)?.push(life);
  }

  // An embargo lives as a question does: the line that lifts it is what it waits for.
  embargo(embargoed, key, change, line, index) {
    const [, owner, id, entry] = change;
    if (entry) {
      const life = {
        owner, id, what: `embargo on ${entry.w}`, isEmbargo: true, start: index, returned: -1, end: Infinity,
        failed: false, parent: this.asked(line.u), children: [], lines: [],
      };
      this.settle(life);
      embargoed.set(key, life);
    }
    const life = embargoed.get(key);
    if (!life) return;
    life.lines.push(index);
    this.about[index] = life;
    if (!entry) {
      life.returned = index;
      life.end = index;
    }
  }

  follow(open, key, change, line, index) {
    let question = open.get(key);
    const entry = change[3];
    if (entry && (!question || this.index(entry.o) === index)) {
      if (question) question.end = index - 1;
      question = this.ask(change, index, this.asked(line.u));
      open.set(key, question);
    }
    if (!question) return;
    question.lines.push(index);
    this.about[index] = question;
    if (line.k === "return" || line.k === "unimplemented") {
      question.returned = index;
      question.failed ||= Boolean(line.f);
    }
    if (!entry) {
      question.end = index;
      open.delete(key);
    }
  }

  // The question that was asked by the line with a number.
  asked(number) {
    const index = this.index(number);
    return index >= 0 ? this.about[index] : null;
  }

  // Brings the tables to where they stand behind a line.
  seek(index) {
    while (this.at < index) {
      this.at += 1;
      for (const change of this.lines[this.at].c ?? []) {
        if (change[3]) this.entries.set(keyOf(change), change);
        else this.entries.delete(keyOf(change));
      }
    }
    while (this.at > index) {
      for (const change of this.lines[this.at].c ?? []) {
        if (change.before) this.entries.set(keyOf(change), change.before);
        else this.entries.delete(keyOf(change));
      }
      this.at -= 1;
    }
  }

  // What stands in each table, by id: by table and owner.
  tables() {
    const found = SERIES.map(() => []);
    for (const change of this.entries.values()) found[change[0] * 2 + change[1]].push(change);
    for (const table of found) table.sort((one, other) => one[2] - other[2]);
    return found;
  }

  // The question in each lane of a side at a line; `undefined` where there is none.
  lanesAt(side, index) {
    return this.lanes[side].map((taken) => {
      let low = 0, high = taken.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (taken[middle].start <= index) low = middle + 1; else high = middle;
      }
      const question = taken[low - 1];
      return question && question.end >= index ? question : undefined;
    });
  }

  // A question, those it was made on the results of, and those that were made on its own.
  family(question) {
    const family = new Map();
    for (let at = question.parent; at && !family.has(at); at = at.parent) family.set(at, "above");
    const below = [...question.children];
    family.set(question, "self");
    while (below.length > 0) {
      const at = below.pop();
      if (!family.has(at)) {
        family.set(at, "below");
        below.push(...at.children);
      }
    }
    return family;
  }

  // Whether a call was made on results that had not come yet.
  isPipelined(index) {
    const question = this.about[index];
    if (!question?.parent || question.start !== index) return false;
    const { returned } = question.parent;
    return returned < 0 || returned > index;
  }

  // How long it took from one line to another, in microseconds.
  between(from, to) {
    return this.lines[to].t - this.lines[Math.max(from, 0)].t;
  }
}

// A short text of a call's content, as method names are in Workers RPC.
function nameIn(line) {
  if (line.k !== "call") return null;
  return line.d?.match(/\.0: "([A-Za-z_$][\w$.]{0,40})"/)?.[1] ?? null;
}

// A time in microseconds, for a person.
function duration(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1e6) return `${(micros / 1000).toFixed(micros < 1e5 ? 2 : 0)} ms`;
  if (micros < 6e7) return `${(micros / 1e6).toFixed(2)} s`;
  return `${Math.floor(micros / 6e7)} min ${Math.round((micros % 6e7) / 1e6)} s`;
}

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");

const many = (count, one) => `${grouped(count)} ${one}${count === 1 ? "" : "s"}`;

// The test that lines pass which a filter asks for: all of its words, each a text, or what it says below.
function filterOf(text) {
  const tests = text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const lower = word.toLowerCase();
    const [, letter, id] = lower.match(/^([qaepim])(\d+)$/) ?? [];
    if (letter) {
      // One side's question is the other's answer; its export may be a promise, or the other's import.
      const same = "qa".includes(letter) ? "[qa]" : letter === "m" ? "m" : "[epi]";
      const named = new RegExp(`(^|[^\\w.])${same}${id}(?!\\w)`);
      return (line) => named.test(line.x);
    }
    if (lower === "failed") return (line) => Boolean(line.f);
    if (lower === "noted") return (line) => Boolean(line.n);
    if (lower === "from:left") return (line) => line.s === LEFT;
    if (lower === "from:right") return (line) => line.s === RIGHT;
    return (line) => (line.low ??= `${line.x}\n${line.d ?? ""}`.toLowerCase()).includes(lower);
  });
  return (line) => tests.every((test) => test(line));
}
