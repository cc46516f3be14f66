// The Images view: the first layer's weights as pictures, and what each pixel does to the loss.
import {element} from "./page.mjs";
import {format} from "./numbers.mjs";
import {heatMap} from "./plots.mjs";

/** A picture from base64: bytes from 0 to 255, drawn from −1 to 1, or from 0 to 1. */
function picture(root, base64, side, label, signed) {
  const bytes = atob(base64);
  return heatMap(root, side, (column, row) => {
    const x = bytes.charCodeAt(row * side + column);
    return signed ? (x - 127.5) / 127.5 : x / 255;
  }, label);
}

export function imagesView(page) {
  const {source, side, epochs, pictures, labels} = page.data.images;
  const classes = page.data.images.classes.map((name) => page.say(`class.${name}`));
  const weights = element("div", {class: "thumbnails"});
  const example = element("div", {class: "pictures"});
  const output = element("output", {"data-steps": epochs.length - 1});
  const where = element("span", {class: "where"});
  const go = (at) => page.set({epoch: Math.min(Math.max(at, 0), epochs.length - 1)});
  const here = () => Math.min(Math.max(page.state.epoch, 0), epochs.length - 1);
  const actions = {first: () => go(0), back: () => go(here() - 1), next: () => go(here() + 1), last: () => go(epochs.length - 1)};
  const buttons = Object.entries(actions).map(([action, act]) => page.button(action, page.say(action), {onclick: act}));
  const chooser = element("div", {class: "thumbnails"}, pictures.map((bytes, k) => element("button", {
    type: "button", "data-picture": k, "aria-label": classes[labels[k]], onclick: () => page.set({picture: k}),
  }, picture(page.root, bytes, side, classes[labels[k]], false))));
  const root = element("div", {},
    element("p", {class: "why"}, page.say(`images.${source}`)),
    element("div", {class: "bar", role: "toolbar", "aria-label": page.say("steps")}, buttons, where),
    element("section", {class: "panel"}, element("h2", {}, page.say("images.weights")), element("p", {}, page.say("images.weights.text")), weights),
    element("section", {class: "panel"}, element("h2", {}, page.say("images.example")), element("p", {}, page.say("images.example.text")), chooser, example));

  return {
    root,
    update() {
      const at = here();
      const {epoch, loss, P, weights: rows, grad_X: grads, largest} = epochs[at];
      const k = Math.min(Math.max(page.state.picture, 0), pictures.length - 1);
      page.main.dataset.step = String(at);
      output.textContent = String(epochs.at(-1).epoch);
      where.replaceChildren(page.say("images.epoch", {epoch}), output, page.say("images.loss", {loss: format(loss)}));
      weights.replaceChildren(...rows.map((bytes, j) => picture(page.root, bytes, side, `W1[:, ${j}]`, true)));
      chooser.querySelectorAll("button").forEach((button, j) => button.setAttribute("aria-pressed", String(j === k)));
      const bars = P[k].map((p, c) => element("div", {class: c === labels[k] ? "bar-row own" : "bar-row"},
        element("span", {}, classes[c]), element("meter", {min: 0, max: 1, value: p, "aria-label": classes[c]}), element("span", {}, format(p, 3))));
      example.replaceChildren(
        element("figure", {}, element("figcaption", {}, classes[labels[k]]), picture(page.root, pictures[k], side, classes[labels[k]], false)),
        element("figure", {}, element("figcaption", {}, page.say("images.gradient", {largest: format(largest[k + 1], 3)})), picture(page.root, grads[k], side, page.say("images.gradient.label"), true)),
        element("figure", {class: "bars"}, element("figcaption", {}, page.say("images.probabilities")), bars));
    },
    key(event) {
      const action = {ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last"}[event.key];
      if (!action) return;
      actions[action]();
      event.preventDefault();
    },
  };
}
