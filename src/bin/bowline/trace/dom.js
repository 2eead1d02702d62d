// Elements, made of what is told: text goes in as text, whoever wrote it.

function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name === "style") Object.assign(element.style, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const byId = (id) => document.getElementById(id);

// A way to a line.
function link(session, index, choose, text) {
  if (index < 0) return el("span", { class: "before" }, "before the first line");
  return el("a", {
    href: `#${session.number(index)}`,
    "data-line": index,
    onclick: (event) => { event.preventDefault(); choose(index); },
  }, text ?? `#${session.number(index)}`);
}

// The colour of a kind of line, as a class.
function hue(line) {
  if (line.f) return "failed";
  return {
    bootstrap: "call", call: "call", return: "return", finish: "done", release: "done",
    resolve: "resolve", disembargo: "embargo", abort: "failed", broken: "failed",
  }[line.k] ?? "other";
}
