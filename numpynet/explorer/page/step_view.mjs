// The Step view: one pass, array by array or entry by entry.
import {element} from "./page.mjs";
import {format} from "./numbers.mjs";
import {ArrayTables, writePlace} from "./arrays.mjs";
import {FormulaPanel, whyWrong} from "./formula.mjs";
import {Pass} from "./pass.mjs";
import {Tiles} from "./tiles.mjs";
import {Wiggle} from "./wiggle.mjs";
import {drawGraph} from "./graph.mjs";
import {Stepper} from "./stepper.mjs";

export function stepView(page) {
  const pass = new Pass(page.data.models[page.state.model]);
  const tables = new ArrayTables(page, pass, (name, i, j) => page.set({cell: `${name},${i},${j}`, tile: -1}));
  const panel = new FormulaPanel(page, pass, tables);
  const stepper = new Stepper(page, pass);
  const tiles = new Tiles(page, pass);
  const wiggle = new Wiggle(page, pass, (values) => show(values));
  const graph = element("div", {class: "scroll", "data-panel": "graph"});
  const models = Object.keys(page.data.models).map((name) => [name, page.say(`model.${name}`)]);
  const firstWrong = pass.made.find((name) => pass.right.has(name));
  const root = element("div", {},
    element("div", {class: "bar"},
      page.select("model", page.say("model"), models),
      page.checkbox("entries", page.say("by.entry")),
      page.checkbox("differences", page.say("show.differences")),
      page.checkbox("graph", page.say("as.graph"))),
    stepper.root, panel.root, tables.root, graph, tiles.root, wiggle.root);

  function show(values = null) {
    const {step, upTo, chosen} = stepper.where();
    tables.update({step, chosen, values, right: pass.right, differences: page.state.differences, upTo});
    const name = chosen ? chosen[0] : pass.made[step - 1];
    panel.update({name, chosen, values, extra: [...whyWrong(page, pass, chosen, firstWrong), ...differenceLine(page, pass, chosen)]});
    tables.root.hidden = Boolean(page.state.graph);
    graph.hidden = !page.state.graph;
    if (page.state.graph) graph.replaceChildren(...drawGraph(page, pass, step, values));
  }

  return {
    root,
    update() {
      const {chosen} = stepper.update();
      tiles.update(chosen);
      wiggle.update(chosen);
      show();
    },
    key: (event) => stepper.key(event),
    stop: () => stepper.stop(),
  };
}

/** What the finite difference says beside a gradient's entry. */
function differenceLine(page, pass, chosen) {
  const slopes = chosen && page.state.differences ? pass.arrays.get(chosen[0]).differences : null;
  if (!slopes) return [];
  const [name, i, j] = chosen;
  const place = writePlace(name.replace("grad_", ""), i, j, pass.arrays.get(name).shape);
  return [element("p", {class: "line"}, page.say("difference", {place, slope: format(slopes[i][j], 6)}))];
}
