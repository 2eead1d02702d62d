// The sequence diagram. Only the rows that can be seen are there.

const ROW = 28;
const SPARE_ROWS = 10;

class Sequence {
  constructor(choose) {
    this.choose = choose;
    this.rows = byId("rows");
    this.space = byId("space");
    this.visible = [];
    this.drawn = 0;
    const redraw = () => {
      cancelAnimationFrame(this.drawn);
      this.drawn = requestAnimationFrame(() => this.draw());
    };
    this.rows.addEventListener("scroll", redraw, { passive: true });
    new ResizeObserver(redraw).observe(this.rows);
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.choose(Number(row.dataset.line));
    });
  }

  show(session) {
    this.session = session;
    this.family = new Map();
    byId("sequence").classList.toggle("untimed", session.woven);
    byId("end-left").textContent = session.names[LEFT];
    byId("end-right").textContent = session.names[RIGHT];
  }

  filter(test) {
    this.visible = [];
    this.session.lines.forEach((line, index) => { if (test(line)) this.visible.push(index); });
    this.space.style.height = `${this.visible.length * ROW}px`;
    this.draw();
  }

  // Where a line stands among those that are shown; where it would, if it is not.
  place(index) {
    let low = 0, high = this.visible.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.visible[middle] < index) low = middle + 1; else high = middle;
    }
    return low;
  }

  // The shown line so many places on.
  beside(index, by) {
    if (this.visible.length === 0) return index;
    const place = this.place(index);
    const here = this.visible[place] === index || by < 0 ? place : place - 1;
    return this.visible[Math.min(Math.max(here + by, 0), this.visible.length - 1)];
  }

  select(index) {
    this.selected = index;
    const question = this.session.about[index];
    this.family = question ? this.session.family(question) : new Map();
    const top = this.place(index) * ROW, { scrollTop, clientHeight } = this.rows;
    if (top < scrollTop + ROW) this.rows.scrollTop = top - ROW * 2;
    else if (top > scrollTop + clientHeight - 2 * ROW) this.rows.scrollTop = top - clientHeight + 3 * ROW;
    this.draw();
  }

  draw() {
    if (!this.session) return;
    const first = Math.max(0, Math.floor(this.rows.scrollTop / ROW) - SPARE_ROWS);
    const count = Math.ceil(this.rows.clientHeight / ROW) + 2 * SPARE_ROWS;
    const rows = this.visible.slice(first, first + count);
    this.space.replaceChildren(...rows.map((index, offset) => this.row(index, first + offset)));
  }

  row(index, place) {
    const { session } = this, line = session.lines[index];
    const question = session.about[index];
    const kin = question && this.family.get(question);
    const classes = ["row", hue(line), line.s === LEFT ? "right-bound" : "left-bound"];
    if (kin) classes.push(`kin-${kin}`);
    if (index === this.selected) classes.push("selected");
    return el("div", {
      class: classes.join(" "), role: "option", "data-line": index, id: `line-${index}`,
      "aria-selected": index === this.selected ? "true" : "false",
      style: { top: `${place * ROW}px` },
    },
    el("span", { class: "number" }, String(session.number(index))),
    el("span", { class: "time" }, session.woven ? "" : this.time(index)),
    this.lanes(LEFT, index),
    el("span", { class: "way" }, el("i", { class: "arrow" }), this.label(index, line)),
    this.lanes(RIGHT, index));
  }

  time(index) {
    const micros = this.session.lines[index].t;
    return `${(micros / 1000).toFixed(micros < 1e7 ? 2 : 0)} ms`.replace(/^(\d{5,})/, (all) => grouped(all));
  }

  label(index, line) {
    const question = this.session.about[index];
    // A Return is named by what it answers.
    const name = nameIn(line) ?? (line.k === "return" && question?.start >= 0 ? nameIn(this.session.lines[question.start]) : null);
    return el("span", { class: "label" },
      el("b", {}, line.k === "foreign" ? "message" : line.k),
      line.n && el("span", { class: "badge note", title: line.n.join("\n") }, "!"),
      this.session.isPipelined(index) && el("span", { class: "badge", title: "made before the results it is made on had come" }, "pipelined"),
      name && el("em", {}, name),
      ` ${line.x.replace(/^(\S+)\s?/, (all, first) => (first === line.k ? "" : all))}`);
  }

  // The bars of open questions, innermost at the lifeline.
  lanes(side, index) {
    const bars = this.session.lanesAt(side, index).map((question, lane) => {
      if (!question) return null;
      const kin = this.family.get(question);
      const classes = ["bar", question.isEmbargo && "held", kin && `kin-${kin}`];
      if (question.returned >= 0 && index >= question.returned) classes.push("over");
      if (question.start === index) classes.push("first");
      if (question.end === index) classes.push("last");
      const at = `${6 + lane * 8}px`;
      return el("i", {
        class: classes.filter(Boolean).join(" "), title: question.isEmbargo ? question.what : `q${question.id} ${question.what}`,
        style: side === LEFT ? { right: at } : { left: at },
      });
    });
    return el("span", { class: `lanes ${side === LEFT ? "left" : "right"}` }, bars);
  }
}
