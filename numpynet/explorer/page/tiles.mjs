// The gradient of a weight as a sum of outer products, one for each example, added one by one.
import {element} from "./page.mjs";
import {format} from "./numbers.mjs";
import {colour} from "./arrays.mjs";

export class Tiles {
  constructor(page, pass) {
    Object.assign(this, {page, pass});
    this.root = element("section", {"data-panel": "tiles", "aria-label": page.say("tiles")});
  }

  /** Show the tiles if an entry of a weight's gradient is chosen, or the step makes one. */
  update(chosen) {
    const {page, pass} = this;
    const name = chosen ? chosen[0] : pass.made[page.state.step - 1];
    this.root.hidden = !name || pass.rule(name) !== "grad_W";
    if (this.root.hidden) return;
    const [left, right] = pass.arrays.get(name).of;
    const [L, R] = [pass.values.get(left), pass.values.get(right)];
    const tiles = L.map((row, i) => row.map((x) => R[i].map((g) => x * g)));
    const count = page.state.tile < 0 ? tiles.length : Math.min(page.state.tile, tiles.length);
    const sum = tiles[0].map((row, k) => row.map((_, j) => tiles.slice(0, count).reduce((total, tile) => total + tile[k][j], 0)));
    const largest = Math.max(...[...tiles, sum].flat(2).map(Math.abs));
    const at = chosen ? chosen.slice(1) : null;
    const parts = tiles.flatMap((tile, i) => [
      i > 0 ? element("span", {class: "sign", "aria-hidden": "true"}, "+") : null,
      small(tile, `${left}[${i}]ᵀ ${right}[${i}]`, largest, at, i >= count),
    ]);
    this.root.replaceChildren(
      element("h2", {}, page.say("tiles")),
      element("p", {}, page.say("tiles.text", {left, right, name})),
      page.slider(page.say("tiles.added", {count, all: tiles.length}), tiles.length, count, (tile) => page.set({tile}), {"data-action": "tile"}),
      element("div", {class: "tiles"}, parts, element("span", {class: "sign", "aria-hidden": "true"}, "="),
        small(sum, count === tiles.length ? name : page.say("tiles.so.far"), largest, at, false)),
    );
  }
}

function small(rows, caption, largest, at, waiting) {
  const table = element("table", {"aria-label": caption}, rows.map((row, k) => element("tr", {}, row.map((x, j) =>
    element("td", {style: `background: ${colour(x, largest)}`, class: at && at[0] === k && at[1] === j ? "chosen" : ""}, format(x, 3))))));
  return element("figure", {class: waiting ? "tile waiting" : "tile"}, element("figcaption", {}, caption), table);
}
