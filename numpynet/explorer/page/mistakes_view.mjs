// The Mistakes view: pick a mistake, see which numbers turn wrong, and what training then does.
import {element} from "./page.mjs";
import {ArrayTables, readCell} from "./arrays.mjs";
import {FormulaPanel, whyWrong} from "./formula.mjs";
import {Pass} from "./pass.mjs";
import {Network, curves, plane} from "./plots.mjs";

const ACTIVATIONS = {tanh: "tanh", binary: "tanh"};
const KINDS = {regression: "squared_loss", binary: "binary_cross_entropy"};

export function mistakesView(page) {
  const {networks, list, usual} = page.data.mistakes;
  const mistake = list.find(({name}) => name === page.state.mistake) ?? list.find(({name}) => name === page.first.mistake);
  const network = networks[mistake.network];
  const right = Object.fromEntries(network.arrays.filter(({name}) => name in mistake.arrays).map(({name, values}) => [name, values]));
  const wrong = new Pass({...network, right}, mistake.arrays);
  const tables = new ArrayTables(page, wrong, (name, i, j) => page.set({cell: `${name},${i},${j}`}));
  const panel = new FormulaPanel(page, wrong, tables);
  const text = (values) => page.say(`mistake.${mistake.name}`, values);
  const buttons = list.map(({name}) => element("button", {
    type: "button", "data-mistake": name, "aria-pressed": String(name === mistake.name), onclick: () => page.set({mistake: name, cell: ""}),
  }, name));
  const lines = element("div", {class: "panel"},
    element("h2", {}, mistake.name), element("p", {}, text(mistake.names)),
    element("p", {class: "line"}, page.say("yours"), element("code", {}, page.say(`yours.${mistake.name}`, mistake.names))),
    element("p", {class: "line"}, page.say("right"), element("code", {}, page.say(`right.${mistake.name}`, mistake.names))),
    element("p", {class: "why"}, page.say(`network.${mistake.network}`)));
  const training = element("div", {class: "panel", "data-panel": "training"});
  const root = element("div", {class: "two"},
    element("nav", {class: "list", "aria-label": page.say("tab.mistakes")}, buttons),
    element("div", {}, lines, panel.root, tables.root, training));

  function drawTraining() {
    const {hidden, step, loss, params, stopped} = mistake.training;
    const usualRun = usual[`${mistake.network} ${hidden}`];
    training.replaceChildren(element("h2", {}, page.say("mistake.training")));
    if (stopped) training.append(element("p", {}, page.say("mistake.stopped", {error: stopped})));
    if (loss.length < 2) return;
    const {X, y} = page.data.training;
    const at = step.length - 1;
    const trained = new Network(params[at].map((x) => x ?? 0), hidden, ACTIVATIONS[mistake.network], KINDS[mistake.network]);
    const ends = params[at].every((x) => x !== null);
    training.append(element("p", {}, page.say(verdict(loss, usualRun.loss))), element("div", {class: "pictures"},
      ends ? element("figure", {}, element("figcaption", {}, page.say("plane.after", {step: step[at]})), plane(page.root, trained, X, y, page.say("plane.after", {step: step[at]}))) : null,
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
      tables.update({step: last, chosen, right: wrong.right});
      const name = chosen ? chosen[0] : wrong.names.includes(mistake.first) ? mistake.first : null;
      panel.update({name, chosen, extra: whyWrong(page, wrong, chosen, mistake.first)});
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
