// The panel with the formula of an array, and of one entry with its numbers.
import {element} from "./page.mjs";
import {digitsThatAddUp, format} from "./numbers.mjs";
import {writePlace} from "./arrays.mjs";

const GAP = /\{(\d+)(:p)?\}/;

/** The text of an entry with its gaps filled by spans; each knows the cell whose number it is. */
export function filled(pass, {text, gaps}, write) {
  const parts = text.split(new RegExp(GAP, "g"));
  const found = [];
  for (let k = 0; k < parts.length; k += 3) {
    found.push(parts[k]);
    if (k + 1 >= parts.length) break;
    const place = gaps[Number(parts[k + 1])];
    const inside = write(place);
    const needed = parts[k + 2] && inside.startsWith("−");
    found.push(element("span", {class: "number", "data-of": place.join(",")}, needed ? `(${inside})` : inside));
  }
  return found;
}

/** The lines for one entry: in symbols, in numbers, and what they add up to. values: the numbers to use. */
export function entryLines(pass, [name, i, j], values = pass.values) {
  const label = writePlace(name, i, j, pass.arrays.get(name).shape);
  const expression = pass.expression(name, i, j);
  const result = expression ? pass.evaluate(expression, values) : values.get(name)[i][j];
  if (!expression) return [element("p", {class: "line"}, `${label} = `, element("output", {}, format(result)))];
  const numbers = expression.gaps.map(([source, k, l]) => values.get(source)[k][l]);
  const [used, shown] = digitsThatAddUp(expression.text, numbers, result);
  const symbols = filled(pass, expression, ([source, k, l]) => writePlace(source, k, l, pass.arrays.get(source).shape));
  const inNumbers = filled(pass, expression, ([source, k, l]) => format(values.get(source)[k][l], used));
  return [
    element("p", {class: "line"}, `${label} = `, symbols),
    element("p", {class: "line", "data-numbers": true}, "= ", inNumbers),
    element("p", {class: "line"}, "= ", element("output", {}, format(result, shown))),
  ];
}

export class FormulaPanel {
  constructor(page, pass, tables) {
    Object.assign(this, {page, pass, tables});
    this.root = element("section", {"data-panel": "formula", class: "formula", "aria-live": "polite", "aria-label": page.say("formula")});
    for (const [kind, on] of [["mouseover", true], ["mouseout", false]]) {
      this.root.addEventListener(kind, (event) => {
        const number = event.target.closest("[data-of]");
        if (number) this.tables.cells.get(number.dataset.of)?.toggleAttribute("data-pointed", on);
      });
    }
  }

  /** Show the formula of the chosen entry, or of the array that a step makes. */
  update({name, chosen, values = null, extra = []}) {
    const {page, pass} = this;
    if (!name) {
      this.root.replaceChildren(element("h2", {}, page.say("given.title")), element("p", {}, page.say("given.text")));
      return;
    }
    const rule = pass.rule(name);
    const title = pass.given.has(name) ? name : `${name} = ${pass.formula(name)}`;
    this.root.replaceChildren(element("h2", {}, title), element("p", {class: "why"}, page.say(`why.${rule}`)));
    if (!chosen) this.root.append(element("p", {class: "hint"}, page.say("choose")));
    else if (pass.given.has(name)) {
      const [, i, j] = chosen;
      this.root.append(element("p", {class: "line"}, `${writePlace(name, i, j, pass.arrays.get(name).shape)} = ${format((values ?? pass.values).get(name)[i][j])}`));
    } else this.root.append(...entryLines(pass, chosen, values ?? pass.values));
    if (chosen) {
      const uses = pass.goesInto(...chosen).map(([other, k, l]) => writePlace(other, k, l, pass.arrays.get(other).shape));
      if (uses.length > 0) this.root.append(element("p", {class: "uses"}, page.say("goes.into", {places: uses.join(", ")})));
    }
    this.root.append(...extra);
  }
}

/** In words, what is wrong with the chosen entry: its own formula, or the numbers that it is made of. */
export function whyWrong(page, pass, chosen, first) {
  if (!chosen || !pass.right.has(chosen[0])) return [];
  const [name, i, j] = chosen;
  const [found, expected, expression] = [pass.value(name, i, j), pass.right.get(name)[i]?.[j], pass.expression(name, i, j)];
  if (found === expected) return [];
  const byFormula = expected !== undefined && expression ? pass.evaluate(expression) : expected;
  const here = name === first || Math.abs(byFormula - found) > 1e-9 * Math.abs(found);
  const key = expected === undefined ? "wrong.shape" : here ? "wrong.here" : "wrong.follows";
  const place = writePlace(name, i, j, pass.arrays.get(name).shape);
  return [element("p", {class: "line wrong"}, page.say(key, {place, found: format(found), expected: format(here ? byFormula : expected ?? NaN), first}))];
}
