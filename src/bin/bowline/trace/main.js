// The page as a whole: what is shown, and what keys do.

const KINDS = ["call", "return", "finish", "release", "resolve", "disembargo", "other"];
const kindOf = (line) => (line.k === "bootstrap" ? "call" : KINDS.includes(line.k) ? line.k : "other");

// Table sizes over the lines: questions above, exports below.
class Chart {
  constructor(choose) {
    this.canvas = byId("chart");
    this.strips = [[0, 1, 4, 5], [2, 3]];
    const jump = (event) => {
      if (event.buttons !== 1 || !this.session || this.session.lines.length === 0) return;
      const { left, width } = this.canvas.getBoundingClientRect();
      const part = Math.min(Math.max((event.clientX - left) / width, 0), 1);
      choose(Math.round(part * (this.session.lines.length - 1)));
    };
    this.canvas.addEventListener("pointerdown", jump);
    this.canvas.addEventListener("pointermove", jump);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  show(session) {
    this.session = session;
    this.most = session.counts.map((counts) => counts.reduce((most, count) => Math.max(most, count), 0));
  }

  select(index) {
    this.selected = index;
    const { session } = this;
    byId("legend").replaceChildren(...SERIES.flatMap(({ side, name }, series) => {
      if (this.most[series] === 0) return [];
      const now = index < 0 ? 0 : session.counts[series][index];
      return [el("span", { class: `series series-${series}`, title: `${name} of ${session.names[side]}` },
        el("i"), `${name} ${side === LEFT ? "left" : "right"} `, el("b", {}, grouped(now)), el("small", {}, ` / ${grouped(this.most[series])}`))];
    }));
    this.draw();
  }

  draw() {
    const { canvas, session } = this;
    if (!session) return;
    const scale = devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    context.scale(scale, scale);
    const each = height / this.strips.length;
    this.strips.forEach((series, strip) => {
      const most = Math.max(1, ...series.map((one) => this.most[one]));
      const floor = (strip + 1) * each - 3;
      context.fillStyle = style.getPropertyValue("--line");
      context.fillRect(0, Math.round(floor) + 1, width, 1);
      for (const one of series) {
        if (this.most[one] > 0) this.curve(context, one, width, floor, (each - 9) / most, style.getPropertyValue(`--series-${one}`));
      }
    });
    if (this.selected >= 0) {
      context.fillStyle = style.getPropertyValue("--accent");
      context.fillRect(Math.round(this.x(this.selected, width)) - 1, 0, 2, height);
    }
  }

  x(index, width) {
    return (index / Math.max(1, this.session.lines.length - 1)) * width;
  }

  // For each pixel the largest count of the lines that fall on it.
  curve(context, series, width, floor, scale, colour) {
    const counts = this.session.counts[series];
    context.beginPath();
    context.moveTo(0, floor);
    let at = 0, y = floor;
    while (at < counts.length) {
      const x = Math.floor(this.x(at, width));
      let most = counts[at];
      for (; at < counts.length && Math.floor(this.x(at, width)) === x; at += 1) most = Math.max(most, counts[at]);
      context.lineTo(x, y);
      y = floor - most * scale;
      context.lineTo(x, y);
    }
    context.lineTo(width, y);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.stroke();
    context.lineTo(width, floor);
    context.closePath();
    context.globalAlpha = 0.1;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }
}

class Page {
  constructor(sessions) {
    this.sessions = sessions;
    this.hidden = new Set();
    const choose = (index) => this.choose(index);
    const reach = (index) => { this.view("sequence"); this.reach(index); };
    this.sequence = new Sequence(choose);
    this.panel = new Panel((index) => this.reach(index));
    this.findings = new Findings(reach);
    this.chart = new Chart(choose);
    this.listen();
  }

  listen() {
    byId("filter").addEventListener("input", () => this.filter());
    byId("kinds").append(...KINDS.map((kind) => el("button", {
      "aria-pressed": "true", "data-kind": kind, title: `Show or hide: ${kind}`,
      onclick: ({ currentTarget: button }) => {
        if (!this.hidden.delete(kind)) this.hidden.add(kind);
        button.setAttribute("aria-pressed", String(!this.hidden.has(kind)));
        this.filter();
      },
    }, kind)));
    for (const tab of byId("tabs").children) tab.addEventListener("click", () => this.view(tab.dataset.view));
    byId("sessions").addEventListener("change", ({ target }) => this.open(Number(target.value)));
    byId("theme").addEventListener("click", () => {
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const root = document.documentElement;
      root.dataset.theme = (root.dataset.theme ?? (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
      this.chart.draw();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.chart.draw());
    document.addEventListener("keydown", (event) => this.key(event));
    this.listenToSplit();
  }

  listenToSplit() {
    const split = byId("split"), panel = byId("panel");
    split.addEventListener("pointerdown", (event) => split.setPointerCapture(event.pointerId));
    split.addEventListener("pointermove", (event) => {
      if (!split.hasPointerCapture(event.pointerId)) return;
      panel.style.flexBasis = `${Math.max(260, innerWidth - event.clientX - 3)}px`;
    });
  }

  open(number) {
    const session = this.sessions[number];
    this.session = session;
    this.chart.show(session);
    this.sequence.show(session);
    this.findings.show(session);
    const messages = session.lines.filter((line) => !["head", "end", "broken"].includes(line.k)).length;
    const facts = [many(messages, "message")];
    if (session.woven) facts.push("recorded without times");
    else if (session.lines.length > 1) facts.push(duration(session.between(0, session.lines.length - 1)));
    if (session.skipped > 0) facts.push(`${many(session.skipped, "line")} before not shown`);
    byId("facts").textContent = facts.join(" · ");
    byId("sessions").value = String(number);
    this.filter();
    this.choose(session.lines.length > 0 ? 0 : -1);
  }

  filter() {
    const text = byId("filter").value, test = filterOf(text);
    this.sequence.filter((line) => !this.hidden.has(kindOf(line)) && test(line));
    const { visible } = this.sequence, all = this.session.lines.length;
    byId("shown").textContent = visible.length === all ? many(all, "line") : `${grouped(visible.length)} of ${grouped(all)}`;
    if (this.selected >= 0) this.sequence.select(this.selected);
  }

  // Shows a line, whatever is filtered out.
  reach(index) {
    if (this.sequence.visible[this.sequence.place(index)] !== index) this.clear();
    this.choose(index);
  }

  clear() {
    byId("filter").value = "";
    this.hidden.clear();
    for (const button of byId("kinds").children) button.setAttribute("aria-pressed", "true");
    this.filter();
  }

  choose(index) {
    this.selected = index;
    this.chart.select(index);
    if (index >= 0) {
      this.sequence.select(index);
      byId("rows").setAttribute("aria-activedescendant", `line-${index}`);
    }
    this.panel.show(this.session, index);
    this.remember();
  }

  // The address leads to what is shown.
  remember() {
    if (this.selected === undefined || this.selected < 0) return;
    const view = this.shown === "sequence" ? "" : `:${this.shown}`;
    const place = `#${this.sessions.indexOf(this.session)}:${this.session.number(this.selected)}${view}`;
    history.replaceState(null, "", place);
  }

  view(name) {
    for (const tab of byId("tabs").children) tab.setAttribute("aria-selected", String(tab.dataset.view === name));
    for (const id of ["sequence", "leaks", "stalls"]) byId(id).hidden = id !== name;
    this.shown = name;
    this.sequence.draw();
    this.remember();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    if (event.key === "Escape") {
      this.clear();
      byId("rows").focus();
      return;
    }
    const moves = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (typing && !(moves && event.target.id === "filter")) return;
    const action = this.action(event.key);
    if (action) {
      event.preventDefault();
      action();
    }
  }

  action(key) {
    const by = (count) => () => this.choose(this.sequence.beside(this.selected, count));
    const page = Math.max(1, Math.floor(byId("rows").clientHeight / ROW) - 2);
    return {
      ArrowDown: by(1), j: by(1), ArrowUp: by(-1), k: by(-1),
      PageDown: by(page), PageUp: by(-page), Home: by(-Infinity), End: by(Infinity),
      "[": () => this.step(-1), "]": () => this.step(1),
      p: () => {
        const parent = this.session.about[this.selected]?.parent;
        if (parent?.start >= 0) this.reach(parent.start);
      },
      "/": () => { this.view("sequence"); byId("filter").focus(); },
      m: () => this.view("sequence"), l: () => this.view("leaks"), s: () => this.view("stalls"),
    }[key];
  }

  // The line before or behind this one that is about the same question.
  step(by) {
    const lines = this.session.about[this.selected]?.lines ?? [];
    const next = lines[lines.indexOf(this.selected) + by];
    if (next !== undefined) this.reach(next);
  }
}

(function begin() {
  const data = JSON.parse(byId("data").textContent);
  const sessions = (data.length > 0 ? data : [{ left: "left", right: "right", known: [], lines: [], skipped: 0, woven: false }])
    .map((one) => new Session(one));
  const page = new Page(sessions);
  const select = byId("sessions");
  select.hidden = sessions.length < 2;
  select.append(...sessions.map((session, number) => el("option", { value: number },
    `${number + 1}. ${session.names[LEFT]} — ${session.names[RIGHT]} (${grouped(session.lines.length)})`)));
  const [, number, line, view] = location.hash.match(/^#(\d+):(\d+)(?::(leaks|stalls))?$/) ?? [];
  page.view(view ?? "sequence");
  page.open(sessions[number] ? Number(number) : 0);
  const index = page.session.index(Number(line ?? 0));
  if (page.session.lines[index]) page.choose(index);
  byId("rows").focus();
})();
