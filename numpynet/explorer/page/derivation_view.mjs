// The Derivation view: each backward formula with its indices written out, each factor linked to its cells.
import {element} from "./page.mjs";
import {ArrayTables, readCell} from "./arrays.mjs";
import {entryLines} from "./formula.mjs";
import {Pass} from "./pass.mjs";

/** For each formula, the quantity of the multilayer perceptron that shows it. */
const SHOWN = {grad_O: "grad_O", grad_W: "grad_W1", grad_b: "grad_b1", grad_X: "grad_H1", relu: "grad_Z1"};

export function derivationView(page) {
  const pass = new Pass(page.data.derivation);
  const rule = Object.hasOwn(SHOWN, page.state.rule) ? page.state.rule : "grad_W";
  const name = SHOWN[rule];
  const tables = new ArrayTables(page, pass, (array, i, j) => page.set({cell: `${array},${i},${j}`}));
  const text = element("ol", {class: "panel derivation"});
  const entry = element("div", {class: "formula", "data-panel": "formula", "aria-live": "polite"});
  const buttons = Object.keys(SHOWN).map((key) => element("button", {
    type: "button", "data-rule": key, "aria-pressed": String(key === rule), onclick: () => page.set({rule: key, cell: ""}),
  }, `${SHOWN[key]} = ${pass.formula(SHOWN[key])}`));
  const point = (event, on) => {
    const array = event.target.closest("[data-name]")?.dataset.name;
    if (array) tables.figures.get(array)?.classList.toggle("pointed", on);
  };
  const root = element("div", {onmouseover: (event) => point(event, true), onmouseout: (event) => point(event, false), onfocusin: (event) => point(event, true), onfocusout: (event) => point(event, false)},
    element("nav", {class: "bar", "aria-label": page.say("tab.derivation")}, buttons), text, entry, tables.root);

  return {
    root,
    update() {
      const lines = page.say(`derive.${rule}`).split("\n");
      text.replaceChildren(...lines.map((line) => element("li", {}, linked(line, pass.names))));
      let chosen = readCell(page.state.cell);
      if (!chosen || pass.value(...chosen) === undefined) chosen = [name, 0, 0];
      page.main.dataset.step = String(pass.made.length);
      tables.update({step: pass.made.length, chosen});
      entry.replaceChildren(element("p", {class: "hint"}, page.say("derive.entry")), ...(pass.given.has(chosen[0]) ? [] : entryLines(pass, chosen)));
    },
  };
}

/** A line with each array's name as something to point at. */
function linked(line, names) {
  const pattern = new RegExp(`(?<!\\w)(${[...names].sort((a, b) => b.length - a.length).join("|")})(?!\\w)`, "g");
  return line.split(pattern).map((part) => names.includes(part) ? element("span", {class: "number", "data-name": part, tabindex: 0}, part) : part);
}
