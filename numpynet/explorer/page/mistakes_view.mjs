// The Mistakes view: pick a mistake, see which numbers turn wrong, and what training then does.
import {element} from "./page.mjs";
import {format} from "./numbers.mjs";
import {ArrayTables, readCell, writePlace} from "./arrays.mjs";
import {FormulaPanel} from "./formula.mjs";
import {Pass} from "./pass.mjs";
import {Network, curves, plane} from "./plots.mjs";

const ACTIVATIONS = {tanh: "tanh", binary: "tanh"};
const KINDS = {regression: "squared_loss", binary: "binary_cross_entropy"};

export function mistakesView(page) {
  const {networks, list, usual} = page.data.mistakes;
  const mistake = list.find(({name}) => name === page.state.mistake) ?? list.find(({name}) => name === page.first.mistake);
  const right = new Pass(networks[mistake.network]);
  const wrong = new Pass(networks[mistake.network], mistake.arrays);
  const tables = new ArrayTables(page, wrong, (name, i, j) => page.set({cell: `${name},${i},${j}`}));
  const panel = new FormulaPanel(page, wrong, tables);
  const text = (values) => page.say(`mistake.${mistake.name}`, values);
  const buttons = list.map(({name}) => element("button", {
    type: "button", "data-mistake": name, "aria-pressed": String(name === mistake.name), onclick: () => page.set({mistake: name, cell: ""}),
  }, name));
  const lines = element("div", {class: "panel"},
    element("h2", {}, mistake.name), element("p", {}, text(mistake.names)),
    element("p", {class: "line"}, page.say("yours"), element("code", {}, mistake.yours)),
    element("p", {class: "line"}, page.say("right"), element("code", {}, mistake.right)),
    element("p", {class: "why"}, page.say(`network.${mistake.network}`)));
  const training = element("div", {class: "panel", "data-panel": "training"});
  const root = element("div", {class: "two"},
    element("nav", {class: "list", "aria-label": page.say("tab.mistakes")}, buttons),
    element("div", {}, lines, panel.root, tables.root, training));

  /** In words, what is wrong with the chosen entry: its own formula, or the numbers that it is made of. */
  function whyWrong(chosen) {
    if (!chosen || !(chosen[0] in mistake.arrays)) return [];
    const [name, i, j] = chosen;
    const [found, expected, expression] = [wrong.value(name, i, j), right.value(name, i, j), wrong.expression(name, i, j)];
    if (expected !== undefined && found === expected) return [];
    const byFormula = expected !== undefined && expression ? wrong.evaluate(expression) : expected;
    const here = name === mistake.first || Math.abs(byFormula - found) > 1e-9 * Math.abs(found);
    const key = expected === undefined ? "wrong.shape" : here ? "wrong.here" : "wrong.follows";
    const place = writePlace(name, i, j, wrong.arrays.get(name).shape);
    const values = {place, found: format(found), expected: format(here ? byFormula : expected ?? NaN), first: mistake.first};
    return [element("p", {class: "line wrong"}, page.say(key, values))];
  }

  function drawTraining() {
    const {hidden, step, loss, params, stopped} = mistake.training;
    const usualRun = usual[`${mistake.network} ${hidden}`];
    training.replaceChildren(element("h2", {}, page.say("mistake.training")));
    if (stopped) training.append(element("p", {}, page.say("mistake.stopped", {error: stopped})));
    if (loss.length < 2) return;
    const {X, y} = page.data.training;
    const at = step.length - 1;
    const network = new Network(params[at].map((x) => x ?? 0), hidden, ACTIVATIONS[mistake.network], KINDS[mistake.network]);
    const ends = params[at].every((x) => x !== null);
    training.append(element("p", {}, page.say(verdict(loss, usualRun.loss))), element("div", {class: "pictures"},
      ends ? element("figure", {}, element("figcaption", {}, page.say("plane.after", {step: step[at]})), plane(page.root, network, X, y, page.say("plane.after", {step: step[at]}))) : null,
      element("div", {class: "curves"}, curves([{label: page.say("with.mistake"), points: loss}, {label: page.say("without"), points: usualRun.loss, dashed: true}], {title: page.say("curve.loss"), xlabel: page.say("train.step")}))));
  }

  drawTraining();
  return {
    root,
    update() {
      let chosen = readCell(page.state.cell);
      if (chosen && wrong.value(...chosen) === undefined) chosen = null;
      const last = wrong.made.length;
      page.main.dataset.step = String(last);
      tables.update({step: last, chosen, right: new Map(Object.keys(mistake.arrays).map((name) => [name, right.values.get(name)]))});
      const name = chosen ? chosen[0] : wrong.names.includes(mistake.first) ? mistake.first : null;
      panel.update({name, chosen, extra: whyWrong(chosen)});
    },
  };
}

/** In words: training with the mistake beside training without it, by the last losses. */
function verdict(loss, usual) {
  const [first, end, best] = [loss[0][1], loss.at(-1)[1], usual.at(-1)[1]];
  if (end === null || end > 1.5 * first) return "verdict.diverges";
  if (end < 1.5 * best + 0.02) return "verdict.learns";
  return end < 0.75 * first ? "verdict.slower" : "verdict.fails";
}
