// Findings: what was never given back, and who waits.

// So many of a list are shown.
const FINDINGS_MAX = 500;

// What is left in the tables at the end.
function leaksOf(session) {
  session.seek(session.lines.length - 1);
  const entries = [...session.entries.values()];
  const exports = entries.filter(([table]) => table === EXPORTS);
  // A bootstrap is held for as long as its connection by most, and rightly.
  const isBootstrap = ([, , , { o }]) => {
    const index = session.index(o);
    return session.lines[index]?.k === "return" && session.about[index]?.what === "bootstrap";
  };
  return {
    bootstraps: exports.filter(isBootstrap),
    exports: exports.filter((change) => !isBootstrap(change)),
    questions: entries.filter(([table, , , entry]) => table === QUESTIONS && (entry.l === "returned" || entry.p)),
    embargoes: entries.filter(([table]) => table === EMBARGOES),
  };
}

// Who waits at the end, the oldest first, and the answers that took longest.
function stallsOf(session) {
  const waiting = session.questions
    .filter((question) => question.returned < 0 && question.end === Infinity && !question.pipelineOnly);
  const answered = session.questions.filter((question) => question.returned >= 0 && question.start >= 0);
  const took = (question) => session.between(question.start, question.returned);
  const slow = session.woven ? [] : answered.sort((one, other) => took(other) - took(one)).slice(0, 50);
  return { waiting, slow };
}

class Findings {
  constructor(choose) {
    this.choose = choose;
  }

  show(session) {
    this.session = session;
    const leaks = leaksOf(session), stalls = stallsOf(session);
    const left = leaks.exports.length + leaks.questions.length + leaks.embargoes.length;
    byId("leak-count").textContent = grouped(left);
    byId("leak-count").className = left > 0 ? "some" : "";
    const waiting = stalls.waiting.length + leaks.embargoes.length;
    byId("stall-count").textContent = grouped(waiting);
    byId("stall-count").className = waiting > 0 ? "some" : "";
    byId("leaks").replaceChildren(...this.leaks(leaks, left));
    byId("stalls").replaceChildren(...this.stalls(stalls, leaks.embargoes));
  }

  leaks({ bootstraps, exports, questions, embargoes }, left) {
    const { session } = this;
    const over = session.lines.some((line) => line.k === "end" || line.k === "abort");
    const lead = left === 0
      ? `All that was given was given back${bootstraps.length > 0 ? ", but for what each connection begins with" : ": the tables of both sides are empty at the end"}.`
      : `What stands in the tables at the end. ${over
        ? "The connection ended with it; a peer that lives on would hold it still."
        : "The session was still open: what is young may yet be given back."}`;
    return [
      el("p", { class: "lead" }, lead),
      ...this.groups(exports),
      ...this.list("Capabilities still held", exports, (change) => this.held(change)),
      ...this.list("Answered and never finished", questions, (change) => this.unfinished(change)),
      ...this.list("Embargoes never lifted", embargoes, (change) => this.embargo(change)),
      ...this.list("The bootstrap, held as long as the connection", bootstraps, (change) => this.held(change)),
    ];
  }

  // The call by which a capability came to be held: what leaks, leaks by the same call again and again.
  origin(index) {
    const { session } = this;
    if (index < 0) return "before the first line";
    const line = session.lines[index], question = session.about[index];
    const name = question?.start >= 0 ? nameIn(session.lines[question.start]) : null;
    const what = question?.what.replace(/^\S+ /, "") ?? line.k;
    const part = { return: "results of", call: "params of" }[line.k] ?? `${line.k} of`;
    return `${part} ${name ? `${name} ` : ""}${what}`;
  }

  groups(exports) {
    const groups = new Map();
    for (const change of exports) {
      const from = this.origin(this.session.index(change[3].o));
      const group = groups.get(`${change[1]} ${from}`) ?? { from, owner: change[1], count: 0, first: this.session.index(change[3].o) };
      group.count += 1;
      group.first = Math.min(group.first, this.session.index(change[3].o));
      groups.set(`${change[1]} ${from}`, group);
    }
    const sorted = [...groups.values()].sort((one, other) => other.count - one.count).slice(0, 20);
    if (exports.length < 2) return [];
    const most = sorted[0].count;
    return [
      el("h2", {}, "Where they came from"),
      el("ol", { class: "groups" }, sorted.map(({ from, owner, count, first }) => el("li", {},
        el("span", { class: "gauge", style: { width: `${Math.max(2, 100 * count / most)}%` } }),
        el("b", {}, grouped(count)), el("span", { class: "from" }, from),
        el("small", {}, `of ${this.session.names[owner]}`), link(this.session, first, this.choose)))),
    ];
  }

  list(title, items, row) {
    if (items.length === 0) return [];
    const since = (change) => change[3].o ?? -1;
    const sorted = [...items].sort((one, other) => since(one) - since(other));
    const rest = sorted.length - FINDINGS_MAX;
    return [
      el("h2", {}, title, el("b", {}, grouped(items.length))),
      el("table", { class: "list" }, el("tbody", {}, sorted.slice(0, FINDINGS_MAX).map(row))),
      rest > 0 ? el("p", { class: "rest" }, `and ${grouped(rest)} more`) : "",
    ];
  }

  held([, owner, id, entry]) {
    const { session } = this, since = session.index(entry.o);
    return el("tr", { "data-id": `e${id}` },
      el("th", {}, `e${id}`),
      el("td", {}, describe(EXPORTS, entry).what),
      el("td", {}, `×${grouped(entry.r)} held by ${session.names[1 - owner]}`),
      el("td", {}, this.origin(since)),
      el("td", { class: "since" }, link(session, since, this.choose)));
  }

  unfinished([, owner, id, entry]) {
    const since = this.session.index(entry.o);
    return el("tr", { "data-id": `q${id}` },
      el("th", {}, `q${id}`),
      el("td", {}, entry.w),
      el("td", {}, `asked by ${this.session.names[owner]}`),
      el("td", {}, entry.p ? "only its pipeline was wanted" : many(entry.n, "capability").replace("ys", "ies")),
      el("td", { class: "since" }, link(this.session, since, this.choose)));
  }

  embargo([, owner, id, entry]) {
    const since = this.session.index(entry.o);
    return el("tr", { "data-id": `m${id}` },
      el("th", {}, `m${id}`),
      el("td", {}, `calls on ${entry.w} wait`),
      el("td", {}, `in ${this.session.names[owner]}`),
      el("td", {}, this.age(since)),
      el("td", { class: "since" }, link(this.session, since, this.choose)));
  }

  age(since) {
    const { session } = this;
    return session.woven ? "" : `for ${duration(session.between(since, session.lines.length - 1))}`;
  }

  stalls({ waiting, slow }, embargoes) {
    const lead = waiting.length + embargoes.length === 0
      ? "Nobody waits at the end: every question was answered, every embargo lifted."
      : "Who waits at the end, the oldest first: the first is the one to look at, others may wait because it does.";
    const row = (question, time) => el("tr", { "data-id": `q${question.id}` },
      el("th", {}, `q${question.id}`),
      el("td", { class: "time" }, time),
      el("td", {}, nameIn(this.session.lines[question.start] ?? {}) ?? "", " ", question.what),
      el("td", {}, `asked by ${this.session.names[question.owner]}`),
      el("td", {}, this.waitsFor(question)),
      el("td", { class: "since" }, link(this.session, question.start, this.choose)));
    const table = (rows) => el("table", { class: "list" }, el("tbody", {}, rows));
    const parts = [el("p", { class: "lead" }, lead)];
    if (waiting.length > 0) {
      parts.push(el("h2", {}, "Still waiting", el("b", {}, grouped(waiting.length))),
        table(waiting.slice(0, FINDINGS_MAX).map((question) => row(question, this.age(question.start).replace("for ", "")))));
    }
    parts.push(...this.list("Embargoes not lifted", embargoes, (change) => this.embargo(change)));
    if (slow.length > 0) {
      parts.push(el("h2", {}, "The slowest answers"),
        table(slow.map((question) => row(question, duration(this.session.between(question.start, question.returned))))));
    }
    return parts;
  }

  waitsFor(question) {
    if (question.returned >= 0) return "";
    for (let at = question.parent; at; at = at.parent) {
      if (at.returned < 0) return `for the results of q${at.id}`;
    }
    const below = question.children.filter((child) => child.returned < 0).length;
    return below > 0 ? `and ${many(below, "call")} with it` : "";
  }
}
