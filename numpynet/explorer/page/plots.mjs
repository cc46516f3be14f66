// Pictures of training: the plane with its classes, curves, and a landscape. Only here is a network run for every pixel.
import {element, svg} from "./page.mjs";
import {format} from "./numbers.mjs";

const SIDE = 56; // pixels of the plane, and cells of the landscape are fewer
const REACH = 2.2; // the plane shown is [−REACH, REACH]²

/** A network 2-h-m from its parameters in one list: W1, b1, W2, b2. */
export class Network {
  constructor(params, hidden, activation = "relu", kind = "cross_entropy") {
    const outputs = (params.length - 3 * hidden) / (hidden + 1);
    const cut = (start, count) => params.slice(start, start + count);
    this.W1 = [cut(0, hidden), cut(hidden, hidden)];
    this.b1 = cut(2 * hidden, hidden);
    this.W2 = Array.from({length: hidden}, (_, k) => cut(3 * hidden + k * outputs, outputs));
    this.b2 = cut(3 * hidden + hidden * outputs, outputs);
    this.f = activation === "tanh" ? Math.tanh : (z) => Math.max(z, 0);
    this.kind = kind;
  }

  /** The output for one point. */
  output([x0, x1]) {
    const H = this.b1.map((b, j) => this.f(x0 * this.W1[0][j] + x1 * this.W1[1][j] + b));
    return this.b2.map((b, j) => H.reduce((sum, h, k) => sum + h * this.W2[k][j], b));
  }

  /** How much more class 1 is expected than class 0, from −1 to 1. */
  score(point) {
    const O = this.output(point);
    if (this.kind === "squared_loss") return Math.max(-1, Math.min(1, O[1] - O[0]));
    return Math.tanh((O.length > 1 ? O[1] - O[0] : O[0]) / 2);
  }

  /** The mean cross-entropy over points with classes. */
  loss(X, y) {
    let sum = 0;
    X.forEach((point, i) => {
      const O = this.output(point);
      const most = Math.max(...O);
      sum += most + Math.log(O.reduce((total, o) => total + Math.exp(o - most), 0)) - O[y[i]];
    });
    return sum / X.length;
  }
}

const css = (root, name) => getComputedStyle(root).getPropertyValue(name).trim();
const rgb = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

/** A picture from a function of the cell (column, row) that returns a number from −1 to 1. */
export function heatMap(root, side, value, label) {
  const canvas = element("canvas", {width: side, height: side, role: "img", "aria-label": label});
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  const [negative, positive, ground] = ["--negative", "--positive", "--plain"].map((name) => rgb(css(root, name)));
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      const x = value(column, row);
      const strength = Number.isFinite(x) ? Math.min(1, Math.abs(x)) : 0;
      const end = x < 0 ? negative : positive;
      const at = 4 * (row * side + column);
      for (let k = 0; k < 3; k += 1) image.data[at + k] = ground[k] + strength * (end[k] - ground[k]);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The plane: which class the network expects where, the line of each hidden unit, and the points. */
export function plane(root, network, X, y, label) {
  const scale = (at) => -REACH + 2 * REACH * (at + 0.5) / SIDE;
  const canvas = heatMap(root, SIDE, (column, row) => network.score([scale(column), -scale(row)]), label);
  const place = ([a, b]) => [50 + 50 * a / REACH, 50 - 50 * b / REACH];
  const lines = network.b1.map((b, j) => hiddenLine(network.W1[0][j], network.W1[1][j], b)).filter(Boolean).map(([from, to]) => {
    const [[x1, y1], [x2, y2]] = [place(from), place(to)];
    return svg("line", {x1, y1, x2, y2, class: "hidden-line"});
  });
  const points = X.map((point, i) => {
    const [cx, cy] = place(point);
    return y[i] === 1 ? svg("circle", {cx, cy, r: 1.5, class: "point one"}) : svg("rect", {x: cx - 1.3, y: cy - 1.3, width: 2.6, height: 2.6, class: "point zero"});
  });
  return element("div", {class: "plane"}, canvas, svg("svg", {viewBox: "0 0 100 100", "aria-hidden": "true"}, lines, points));
}

/** The two ends of w0 x0 + w1 x1 + b = 0 in the plane shown, or null. */
function hiddenLine(w0, w1, b) {
  const size = Math.hypot(w0, w1);
  if (!(size > 0) || Math.abs(b) / size > 2 * REACH) return null;
  const [nx, ny, far] = [w0 / size, w1 / size, 3 * REACH];
  const [px, py] = [-b / size * nx, -b / size * ny];
  return [[px - far * ny, py + far * nx], [px + far * ny, py - far * nx]];
}

/** Curves over steps, logarithmic in height: series are {label, points: [[step, value]], dashed}. */
export function curves(series, {title, at = null, xlabel, linear = false}) {
  const drawn = series.map(({points}) => points.filter(([, y]) => y !== null && (linear || y > 0)));
  const all = drawn.flat();
  const height = (y) => linear ? y : Math.log10(Math.min(Math.max(y, 1e-4), 1e6));
  const [low, high] = [Math.min(...all.map(([, y]) => height(y))), Math.max(...all.map(([, y]) => height(y)))];
  const right = Math.max(...all.map(([x]) => x), 1);
  const place = ([x, y]) => [46 + 244 * x / right, 128 - 108 * (height(y) - low) / (high - low || 1)];
  const tick = (h) => svg("text", {x: 42, y: 132 - 108 * (h - low) / (high - low || 1), "text-anchor": "end"}, format(linear ? h : 10 ** h, 2));
  const lines = drawn.map((points, k) => svg("polyline", {points: points.map((point) => place(point).map((v) => v.toFixed(1)).join(",")).join(" "), class: series[k].dashed ? "curve dashed" : "curve"}));
  const mark = at === null ? null : svg("line", {x1: place([at, 1])[0], x2: place([at, 1])[0], y1: 14, y2: 130, class: "now-line"});
  const legend = series.length > 1 ? series.map(({label, dashed}, k) => svg("text", {x: 46 + 124 * k, y: 164}, `${dashed ? "╌╌" : "──"} ${label}`)) : [];
  return svg("svg", {viewBox: `0 0 300 ${series.length > 1 ? 172 : 150}`, role: "img", "aria-label": title}, svg("text", {x: 46, y: 11, class: "title"}, title), tick(low), high > low ? tick(high) : null, mark, lines, legend,
    svg("line", {x1: 46, x2: 290, y1: 130, y2: 130, class: "axis"}), svg("text", {x: 46, y: 146}, "0"), svg("text", {x: 290, y: 146, "text-anchor": "end"}, `${xlabel} ${right}`));
}
