// Arrays as tables whose cells can be chosen: values above, their gradients below.
import {element} from "./page.mjs";
import {exactly, format} from "./numbers.mjs";

export const writePlace = (name, i, j, shape) => {
  if (shape.length === 0) return name;
  if (shape.length === 1) return `${name}[${Math.max(i, j)}]`;
  return `${name}[${i}, ${j}]`;
};

export const readCell = (text) => {
  const parts = text.split(",");
  return parts.length === 3 ? [parts[0], Number(parts[1]), Number(parts[2])] : null;
};

/** Which arrays stand together: the data, each layer, the loss; each array with its gradient. */
export function groups(pass) {
  const found = [{kind: "data", names: ["X", "y"].filter((name) => pass.given.has(name))}];
  const placed = new Set(found[0].names);
  for (const name of pass.made.slice(0, Math.max(pass.stepOf("loss"), 0))) {
    const parameters = pass.arrays.get(name).of.filter((each) => pass.given.has(each) && !placed.has(each));
    if (parameters.length > 0) found.push({kind: "layer", names: []});
    else if (["softmax", "sigmoid", "loss"].includes(name) || /softmax|loss|entropy|sigmoid/.test(pass.rule(name))) {
      if (found.at(-1).kind !== "loss") found.push({kind: "loss", names: []});
    }
    found.at(-1).names.push(...parameters, name);
    for (const each of [...parameters, name]) placed.add(each);
  }
  const rest = pass.names.filter((name) => !placed.has(name) && !placed.has(name.replace(/^grad_/, "")));
  return rest.length > 0 ? [...found, {kind: "rest", names: rest}] : found;
}

/** The background of a number: blue for positive, orange for negative, stronger if it is larger. */
export function colour(x, largest) {
  if (!Number.isFinite(x) || largest === 0) return "";
  const strength = Math.round(55 * Math.min(1, Math.abs(x) / largest));
  return `color-mix(in srgb, var(${x < 0 ? "--negative" : "--positive"}) ${strength}%, transparent)`;
}

export class ArrayTables {
  /** choose(name, i, j) is called when a cell is chosen. */
  constructor(page, pass, choose) {
    Object.assign(this, {page, pass, choose});
    this.cells = new Map();
    this.figures = new Map();
    this.root = element("div", {class: "groups"});
    let layer = 0;
    for (const {kind, names} of groups(pass)) {
      if (kind === "layer") layer += 1;
      const pairs = names.map((name) => element("div", {class: "pair"},
        this.figure(name), pass.arrays.has(`grad_${name}`) ? this.figure(`grad_${name}`) : null));
      const title = page.say(`group.${kind}`, {number: layer});
      this.root.append(element("section", {class: "group", "aria-label": title}, element("h2", {}, title), element("div", {class: "pairs"}, pairs)));
    }
    this.root.addEventListener("keydown", (event) => this.move(event));
    for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      this.root.addEventListener(on, (event) => this.point(event.target.closest("[data-cell]")));
      this.root.addEventListener(off, () => this.point(null));
    }
  }

  figure(name) {
    const {shape} = this.pass.arrays.get(name);
    const size = shape.length > 0 ? shape.join(" × ") : "";
    const table = element("table", {role: "grid", "aria-label": `${name} ${size}`});
    this.pass.values.get(name).forEach((row, i) => {
      table.append(element("tr", {}, row.map((_, j) => {
        const cell = element("td", {
          role: "gridcell", "data-cell": `${i},${j}`, tabindex: i + j > 0 ? -1 : 0, "aria-selected": "false",
          onclick: () => this.choose(name, i, j),
        }, element("span"), element("small"));
        this.cells.set(`${name},${i},${j}`, cell);
        return cell;
      })));
    });
    const figure = element("figure", {"data-array": name}, element("figcaption", {}, element("b", {}, name), ` ${size}`), table);
    this.figures.set(name, figure);
    return figure;
  }

  /** The arrow keys move within a table, and choose; Enter and space choose. */
  move(event) {
    const cell = event.target.closest("[data-cell]");
    const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [0, 0], " ": [0, 0]}[event.key];
    if (!cell || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    const name = cell.closest("[data-array]").dataset.array;
    const [i, j] = cell.dataset.cell.split(",").map((at, axis) => Number(at) + step[axis]);
    const next = this.cells.get(`${name},${i},${j}`);
    event.preventDefault();
    event.stopPropagation();
    if (!next) return;
    next.focus();
    this.choose(name, i, j);
  }

  /** Mark what a cell goes into, while the pointer or the focus is on it. */
  point(cell) {
    for (const each of this.cells.values()) each.removeAttribute("data-into");
    if (!cell) return;
    const [i, j] = cell.dataset.cell.split(",").map(Number);
    for (const place of this.pass.goesInto(cell.closest("[data-array]").dataset.array, i, j)) {
      this.cells.get(place.join(","))?.setAttribute("data-into", "");
    }
  }

  /**
   * Show the arrays made up to a step. chosen: [name, i, j] or null. values: what the arrays hold, if not the pass's own
   * numbers. right: the right rows by name, beside which others are wrong. upTo: in the step's array, the last entry shown.
   */
  update({step, chosen = null, values = null, right = new Map(), differences = false, upTo = Infinity}) {
    const sources = new Set(chosen ? this.pass.sources(...chosen).map((place) => place.join(",")) : []);
    const current = this.pass.made[step - 1];
    for (const name of this.pass.names) {
      const rows = this.pass.values.get(name);
      const shown = values?.get(name) ?? rows;
      const largest = Math.max(...rows.flat().map(Math.abs).filter(Number.isFinite), 0);
      const figure = this.figures.get(name);
      if (!figure) continue;
      figure.classList.toggle("later", this.pass.stepOf(name) > step);
      figure.classList.toggle("now", name === current);
      const slopes = differences ? this.pass.arrays.get(name).differences : null;
      let count = 0;
      rows.forEach((row, i) => row.forEach((own, j) => {
        const x = shown[i][j];
        const cell = this.cells.get(`${name},${i},${j}`);
        cell.firstChild.textContent = format(x);
        cell.lastChild.textContent = slopes ? format(slopes[i][j]) : "";
        cell.dataset.value = exactly(x);
        cell.style.background = colour(x, largest);
        cell.setAttribute("aria-selected", String(Boolean(chosen) && chosen.join(",") === `${name},${i},${j}`));
        cell.toggleAttribute("data-source", sources.has(`${name},${i},${j}`));
        cell.toggleAttribute("data-moved", x !== own);
        const expected = right?.get(name)?.[i]?.[j];
        cell.toggleAttribute("data-wrong", right.has(name) && !isClose(x, expected, right.get(name)));
        cell.classList.toggle("hidden", name === current && count > upTo);
        count += 1;
      }));
    }
  }
}

/** Whether a number is the right one, up to rounding errors of the array it belongs to. */
function isClose(x, right, rows) {
  if (right === undefined) return false;
  return Math.abs(x - right) <= 1e-9 * Math.max(...rows.flat().map(Math.abs));
}
