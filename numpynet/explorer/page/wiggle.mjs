// A slider that moves one given number: everything that follows is computed again, and the loss is drawn with its slope.
import {element, svg} from "./page.mjs";
import {format} from "./numbers.mjs";
import {writePlace} from "./arrays.mjs";

const FAR = 1; // how far the slider moves a number, up and down
const NOTCHES = 40; // of the slider
const H = 1e-4; // of the slope that is computed beside the gradient

export class Wiggle {
  /** moved(values) is called with all arrays after each move. */
  constructor(page, pass, moved) {
    Object.assign(this, {page, pass, moved});
    this.root = element("section", {"data-panel": "wiggle", "aria-label": page.say("wiggle")});
    this.cell = null;
  }

  loss(value) {
    return this.pass.moved(...this.cell, value).get("loss")[0][0];
  }

  update(chosen) {
    const {page, pass} = this;
    const usable = chosen && pass.canRun && pass.given.has(chosen[0]) && pass.names.includes(`grad_${chosen[0]}`);
    const input = chosen && pass.canRun && chosen[0] === "X";
    this.root.hidden = !(usable || input);
    if (this.root.hidden) {
      this.cell = null;
      return;
    }
    this.cell = chosen;
    const [name, i, j] = chosen;
    const own = pass.value(name, i, j);
    this.place = writePlace(name, i, j, pass.arrays.get(name).shape);
    this.losses = Array.from({length: NOTCHES + 1}, (_, k) => [own + FAR * (2 * k / NOTCHES - 1), 0]).map(([x]) => [x, this.loss(x)]);
    this.slope = (this.loss(own + H) - this.loss(own - H)) / (2 * H);
    this.text = element("p", {class: "line", "aria-live": "polite"});
    this.picture = element("div", {class: "plot"});
    const slider = page.slider(this.place, NOTCHES, NOTCHES / 2, (k) => this.show(own + FAR * (2 * k / NOTCHES - 1)), {"data-action": "wiggle"});
    const gradient = usable ? pass.value(`grad_${name}`, i, j) : null;
    this.root.replaceChildren(
      element("h2", {}, page.say("wiggle")), element("p", {}, page.say("wiggle.text", {place: this.place})), slider, this.text, this.picture,
      element("p", {class: "line", "data-slope": String(this.slope), "data-gradient": gradient === null ? null : String(gradient)},
        page.say(gradient === null ? "wiggle.slope.alone" : "wiggle.slope", {place: this.place, slope: format(this.slope, 6), gradient: gradient === null ? "" : format(gradient, 6)})));
    this.draw(own);
  }

  show(value) {
    this.draw(value);
    const [name, i, j] = this.cell;
    this.moved(value === this.pass.value(name, i, j) ? null : this.pass.moved(name, i, j, value));
  }

  draw(value) {
    const [name, i, j] = this.cell;
    const own = this.pass.value(name, i, j);
    const [here, there] = [this.loss(own), this.loss(value)];
    this.text.textContent = this.page.say("wiggle.loss", {place: this.place, from: format(own), to: format(value), loss: format(here, 5), moved: format(there, 5)});
    const [xs, ys] = [this.losses.map(([x]) => x), this.losses.map(([, y]) => y)];
    const [low, high] = [Math.min(...ys), Math.max(...ys)];
    const place = (x, y) => `${(10 + 280 * (x - xs[0]) / (xs.at(-1) - xs[0])).toFixed(1)},${(130 - 115 * (y - low) / (high - low || 1)).toFixed(1)}`;
    const tangent = [own - FAR / 2, own + FAR / 2].map((x) => place(x, here + this.slope * (x - own)));
    const [cx, cy] = place(value, there).split(",");
    this.picture.replaceChildren(svg("svg", {viewBox: "0 0 300 140", role: "img", "aria-label": this.page.say("wiggle.picture", {place: this.place})},
      svg("polyline", {points: this.losses.map(([x, y]) => place(x, y)).join(" "), class: "curve"}),
      svg("polyline", {points: tangent.join(" "), class: "tangent"}), svg("circle", {cx, cy, r: 5, class: "dot"})));
  }
}
