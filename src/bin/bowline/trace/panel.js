// The panel: a message in full, and the tables of both sides behind it.

// So many rows of a table are shown until more are asked for.
const TABLE_ROWS = 100;

const TABLES = [
  { name: "Questions", table: QUESTIONS, across: false, letter: "q" },
  { name: "Answers", table: QUESTIONS, across: true, letter: "a" },
  { name: "Exports", table: EXPORTS, across: false, letter: "e" },
  { name: "Imports", table: EXPORTS, across: true, letter: "i" },
];

class Panel {
  constructor(choose) {
    this.choose = choose;
    this.element = byId("panel");
    this.unfolded = new Set();
  }

  show(session, index) {
    this.session = session;
    if (index < 0) return this.element.replaceChildren(el("p", { class: "empty" }, "Nothing was said."));
    session.seek(index);
    const line = session.lines[index];
    this.tables = session.tables();
    this.changed = new Map((line.c ?? []).map((change) => [keyOf(change), change]));
    const scroll = this.element.scrollTop;
    this.element.replaceChildren(
      this.head(index, line),
      ...(line.n ?? []).map((note) => el("p", { class: "note" }, note)),
      this.relations(index, line),
      line.d ? el("pre", { class: "detail" }, line.d.replace(/^ {2}/gm, "").trimEnd()) : "",
      el("h2", {}, `Tables behind #${session.number(index)}`),
      el("div", { class: "sides" }, this.side(LEFT), this.side(RIGHT)));
    this.element.scrollTop = scroll;
    return undefined;
  }

  head(index, line) {
    const { session } = this;
    const [from, to] = line.s === LEFT ? session.names : [...session.names].reverse();
    const facts = [`${from} → ${to}`];
    if (!session.woven) {
      facts.push(duration(line.t));
      if (index > 0) facts.push(`+${duration(session.between(index - 1, index))}`);
    }
    if (line.b > 0) facts.push(many(line.b, "byte"));
    return el("div", { class: `message ${hue(line)}` },
      el("h2", {}, el("span", { class: "number" }, `#${session.number(index)}`), ` ${line.x}`),
      el("p", { class: "facts" }, facts.join(" · ")));
  }

  // What else is about the same question, and what it is made on.
  relations(index, line) {
    const { session, choose } = this;
    const question = session.about[index];
    const items = [];
    const item = (name, ...what) => items.push(el("li", {}, el("span", {}, name), ...what));
    if (question?.isEmbargo) {
      if (question.start !== index) item("set", link(session, question.start, choose));
      else item("lifted", question.returned < 0 ? el("strong", {}, "never") : link(session, question.returned, choose));
      if (question.returned >= 0 && !session.woven) item("took", duration(session.between(question.start, question.returned)));
      if (question.parent) item("about the results of", link(session, question.parent.start, choose), ` q${question.parent.id}`);
    } else if (question) {
      if (question.start !== index) item("asked", link(session, question.start, choose));
      if (question.returned >= 0 && question.returned !== index) {
        item(question.failed ? "failed" : "returned", link(session, question.returned, choose));
      }
      if (question.returned < 0 && !question.pipelineOnly) item("returned", el("strong", {}, "never"));
      if (question.returned >= 0 && !session.woven) item("took", duration(session.between(question.start, question.returned)));
      if (question.end !== Infinity && question.end !== index) item("over", link(session, question.end, choose));
      if (question.end === Infinity) item("over", el("strong", {}, "never"));
      if (question.parent) item("made on", link(session, question.parent.start, choose), ` q${question.parent.id}`);
      if (question.children.length > 0) {
        const some = question.children.slice(0, 12);
        const links = some.flatMap((child) => [link(session, child.start, choose), " "]);
        const rest = question.children.length - some.length;
        item(`${many(question.children.length, "call")} made on it`, ...links, rest > 0 ? `and ${rest} more` : "");
      }
    }
    return items.length > 0 ? el("ul", { class: "relations" }, items) : "";
  }

  side(side) {
    const { session } = this;
    const parts = TABLES.map(({ name, table, across, letter }) => {
      const owner = across ? 1 - side : side;
      return this.table(`${side}-${letter}`, name, letter, table, owner);
    });
    const embargoes = this.table(`${side}-m`, "Embargoes", "m", EMBARGOES, side);
    return el("section", { class: "side", "data-side": side === LEFT ? "left" : "right" },
      el("h3", {}, el("small", {}, side === LEFT ? "left" : "right"), session.names[side]), parts, embargoes);
  }

  table(key, name, letter, table, owner) {
    const rows = this.tables[table * 2 + owner];
    const gone = [...this.changed.values()]
      .filter((change) => change[0] === table && change[1] === owner && !change[3] && change.before)
      .map((change) => change.before);
    const all = gone.length > 0 ? [...rows, ...gone].sort((one, other) => one[2] - other[2]) : rows;
    const fresh = all.filter((change) => this.changed.has(keyOf(change)));
    const whole = this.unfolded.has(key) || all.length <= TABLE_ROWS;
    const shown = whole ? all : [...new Set([...fresh, ...all.slice(0, TABLE_ROWS)])];
    return el("div", { class: "table", "data-table": name.toLowerCase() },
      el("h4", { class: rows.length === 0 ? "none" : "" }, name, el("b", {}, grouped(rows.length))),
      all.length > 0 ? el("table", {}, el("tbody", {}, shown.map((change) => this.entry(letter, change)))) : "",
      whole ? "" : el("button", {
        class: "more",
        onclick: () => { this.unfolded.add(key); this.show(this.session, this.session.at); },
      }, `all ${grouped(all.length)}`));
  }

  entry(letter, change) {
    const [table, , id, entry] = change;
    const touched = this.changed.get(keyOf(change));
    let state = "";
    if (touched) state = !touched[3] ? "gone" : touched.before ? "changed" : "new";
    const { what, mark, waits } = describe(table, entry);
    const since = this.session.index(entry.o);
    return el("tr", { class: state, "data-id": `${letter}${id}` },
      el("th", {}, `${letter}${id}`),
      el("td", { class: "what", title: what }, what),
      el("td", { class: waits && state !== "gone" ? "mark waits" : "mark" }, state === "gone" ? "gone" : mark),
      el("td", { class: "since" }, since >= 0 ? link(this.session, since, this.choose) : "before"));
  }
}

// An entry in words: what it is, and how it stands.
function describe(table, entry) {
  if (table === QUESTIONS) {
    const waits = entry.l === "open" && !entry.p;
    const mark = { open: entry.p ? "pipeline" : "waits", returned: "returned", finished: "cancelled" }[entry.l];
    return { what: entry.w, mark, waits };
  }
  if (table === EXPORTS) {
    const resolved = entry.v ? ` → ${entry.v}` : "";
    return { what: `${entry.k}${resolved}`, mark: `×${grouped(entry.r)}`, waits: false };
  }
  return { what: entry.w, mark: "set", waits: true };
}
