// The Train view: recorded runs on points in the plane, to scrub through or play.
import {element, svg} from "./page.mjs";
import {format} from "./numbers.mjs";
import {Network, curves, heatMap, plane} from "./plots.mjs";

const CELLS = 41; // of the landscape, each way
const PAUSE = 250; // milliseconds for each recorded step while playing

/** What the parameters are called, in the order of a run's list. */
function parameterNames(hidden) {
  const names = [];
  for (const k of [0, 1]) for (let j = 0; j < hidden; j += 1) names.push(`W1[${k}, ${j}]`);
  for (let j = 0; j < hidden; j += 1) names.push(`b1[${j}]`);
  for (let k = 0; k < hidden; k += 1) for (const j of [0, 1]) names.push(`W2[${k}, ${j}]`);
  return [...names, "b2[0]", "b2[1]"];
}

export function trainView(page) {
  const {X, y, runs, hidden} = page.data.training;
  const names = parameterNames(hidden);
  const runChoice = page.select("run", page.say("run"), Object.keys(runs).map((name) => [name, page.say(`run.${name}`)]));
  const pictures = element("div", {class: "pictures"});
  const text = element("p", {class: "why"});
  const facts = element("p", {class: "line", "aria-live": "polite"});
  const landscape = element("div", {class: "panel", "data-panel": "landscape"});
  const options = names.map((name, k) => [k, name]);
  const output = element("output", {"data-steps": 0});
  const where = element("span", {class: "where"});
  const buttons = ["first", "back", "play", "next", "last"].map((action) => page.button(action, page.say(action), {onclick: () => act(action)}));
  let timer = null;
  const slider = page.slider(page.say("train.step"), 1, 0, (at) => page.set({at}), {"data-action": "scrub"});
  const root = element("div", {},
    element("div", {class: "bar"}, runChoice), text,
    element("div", {class: "bar", role: "toolbar", "aria-label": page.say("steps")}, buttons, slider, where), facts, pictures, landscape);
  const choices = element("div", {class: "bar"}, page.select("across", page.say("across"), options), page.select("up", page.say("up"), options));

  const runName = () => Object.hasOwn(runs, page.state.run) ? page.state.run : "right";
  const run = () => runs[runName()];
  const last = () => run().step.length - 1;
  const here = () => Math.min(Math.max(page.state.at, 0), last());

  function act(action) {
    if (action === "play") {
      if (timer) stop();
      else {
        if (here() === last()) page.set({at: 0});
        timer = setInterval(() => here() < last() ? page.set({at: here() + 1}) : stop(), PAUSE);
        buttons[2].textContent = page.say("pause");
      }
      return;
    }
    stop();
    page.set({at: {first: 0, back: Math.max(here() - 1, 0), next: Math.min(here() + 1, last()), last: last()}[action]});
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    buttons[2].textContent = page.say("play");
  }

  function drawLandscape(at) {
    const {params, step} = run();
    const [a, b] = [page.state.across, page.state.up].map((k) => Math.min(Math.max(k, 0), names.length - 1));
    const path = params.map((p) => [p[a], p[b]]);
    const range = (k) => {
      const [low, high] = [Math.min(...path.map((p) => p[k])), Math.max(...path.map((p) => p[k]))];
      const margin = Math.max(0.35 * (high - low), 0.5);
      return [low - margin, high + margin];
    };
    const [[x0, x1], [y0, y1]] = [range(0), range(1)];
    const losses = [];
    for (let row = 0; row < CELLS; row += 1) {
      for (let column = 0; column < CELLS; column += 1) {
        const changed = [...params[at]];
        changed[a] = x0 + (x1 - x0) * (column + 0.5) / CELLS;
        if (b !== a) changed[b] = y1 - (y1 - y0) * (row + 0.5) / CELLS;
        losses.push(Math.log(Math.max(new Network(changed, hidden).loss(X, y), 1e-6)));
      }
    }
    const [low, high] = [Math.min(...losses), Math.max(...losses)];
    const label = page.say("landscape.label", {across: names[a], up: names[b]});
    const canvas = heatMap(page.root, CELLS, (column, row) => 1 - 2 * (losses[row * CELLS + column] - low) / (high - low || 1), label);
    const place = ([p, q]) => [100 * (p - x0) / (x1 - x0), 100 - 100 * (q - y0) / (y1 - y0)];
    const points = path.slice(0, at + 1).map((p) => place(p).map((v) => v.toFixed(2)).join(",")).join(" ");
    const [cx, cy] = place(path[at]);
    landscape.replaceChildren(element("h2", {}, page.say("landscape")), element("p", {}, page.say("landscape.text", {step: step[at]})), choices,
      element("div", {class: "plane"}, canvas, svg("svg", {viewBox: "0 0 100 100", "aria-hidden": "true"}, svg("polyline", {points, class: "path"}), svg("circle", {cx, cy, r: 1.8, class: "dot"}))),
      element("p", {class: "where"}, page.say("landscape.range", {across: names[a], from: format(x0, 3), to: format(x1, 3), up: names[b], low: format(y0, 3), high: format(y1, 3)})));
  }

  return {
    root,
    update() {
      const {step, loss, norm, dead, params, lr, batch_size: batch} = run();
      const at = here();
      const input = slider.querySelector("input");
      input.max = last();
      input.value = at;
      page.main.dataset.step = String(at);
      output.dataset.steps = String(last());
      output.textContent = String(step.at(-1));
      where.replaceChildren(page.say("step.of.before", {step: step[at]}), output);
      text.textContent = page.say(`run.text.${runName()}`);
      facts.textContent = page.say("train.facts", {lr: format(lr), batch, loss: format(loss[at]), norm: format(norm[at]), dead: dead[at], hidden});
      const series = (values) => [{points: step.map((s, k) => [s, values[k]])}];
      const options = {at: step[at], xlabel: page.say("train.step")};
      pictures.replaceChildren(
        element("figure", {}, element("figcaption", {}, page.say("plane.text")), plane(page.root, new Network(params[at], hidden), X, y, page.say("plane.label", {step: step[at]}))),
        element("div", {class: "curves"}, curves(series(loss), {title: page.say("curve.loss"), ...options}), curves(series(norm), {title: page.say("curve.norm"), ...options}),
          curves(series(dead), {title: page.say("curve.dead"), linear: true, ...options})));
      drawLandscape(at);
    },
    key(event) {
      const action = {ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last"}[event.key];
      if (!action) return;
      act(action);
      event.preventDefault();
    },
    stop,
  };
}
