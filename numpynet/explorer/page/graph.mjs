// One example as a graph: values on the units, weights on the edges, gradients below the values.
import {element, svg} from "./page.mjs";
import {format} from "./numbers.mjs";

const WIDTH = 760;
const ROW = 92;
const SHARE = 0.22; // of an edge, where its number stands: close enough to its start that numbers do not meet

export function drawGraph(page, pass, step, values) {
  const names = ["X", ...pass.made.slice(0, pass.stepOf("loss") - 1)]; // a column of units for each
  const n = pass.values.get("X").length;
  const example = Math.min(page.state.example, n - 1);
  const number = (name, i, j) => (values ?? pass.values).get(name)[i][j];
  const known = (name) => pass.names.includes(name) && pass.stepOf(name) <= step;
  const units = names.map((name) => pass.values.get(name)[0].length);
  const height = Math.max(...units) * ROW + 30;
  const widths = names.slice(1).map((name) => pass.rule(name) === "linear" ? 3 : 1); // room for the weights' numbers
  const unit = (WIDTH - 100) / widths.reduce((sum, width) => sum + width, 0);
  const x = (k) => 50 + unit * widths.slice(0, k).reduce((sum, width) => sum + width, 0);
  const y = (k, u) => 30 + (height - 30) * (u + 0.5) / units[k];
  const edges = [];
  const labels = [];
  names.slice(1).forEach((name, at) => {
    const k = at + 1;
    const [from, W] = pass.arrays.get(name).of;
    const start = names.indexOf(from);
    if (!known(name) || start < 0) return;
    const weights = pass.rule(name) === "linear" ? W : null;
    for (let u = 0; u < units[start]; u += 1) {
      for (let v = 0; v < units[k]; v += 1) {
        if (!weights && pass.rule(name) !== "softmax" && u !== v) continue;
        const w = weights ? number(weights, u, v) : 1;
        edges.push(svg("line", {x1: x(start) + 24, y1: y(start, u), x2: x(k) - 24, y2: y(k, v), class: weights ? (w < 0 ? "edge negative" : "edge positive") : "edge plain"}));
        if (!weights) continue;
        const gradient = known(`grad_${weights}`) ? ` ∇${format(number(`grad_${weights}`, u, v), 2)}` : "";
        labels.push(svg("text", {x: x(start) + 24 + SHARE * (x(k) - x(start) - 48), y: y(start, u) + SHARE * (y(k, v) - y(start, u)) - 3, class: "edge-number"}, format(w, 3) + gradient));
      }
    }
  });
  const nodes = names.flatMap((name, k) => Array.from({length: units[k]}, (_, u) => {
    const gradient = known(`grad_${name}`) ? `∇ ${format(number(`grad_${name}`, example, u), 3)}` : "";
    return svg("g", {class: known(name) || k === 0 ? "unit" : "unit later"},
      svg("rect", {x: x(k) - 26, y: y(k, u) - 20, width: 52, height: 40, rx: 8}),
      svg("text", {x: x(k), y: y(k, u) - (gradient ? 3 : -4), "text-anchor": "middle"}, known(name) || k === 0 ? format(number(name, example, u), 3) : ""),
      svg("text", {x: x(k), y: y(k, u) + 13, "text-anchor": "middle", class: "gradient"}, gradient));
  }));
  const titles = names.map((name, k) => svg("text", {x: x(k), y: 18, "text-anchor": "middle", class: "title"}, name));
  const choice = page.select("example", page.say("example"), Array.from({length: n}, (_, i) => [i, String(i)]));
  const label = page.say("graph.label", {example, y: format(pass.value("y", example, 0))});
  return [choice, element("p", {}, page.say("graph.text")), svg("svg", {viewBox: `0 0 ${WIDTH} ${height + 10}`, class: "graph", role: "img", "aria-label": label}, edges, labels, titles, nodes)];
}
