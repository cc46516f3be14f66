// The buttons that step through a pass, and where the reader is in it.
import {element} from "./page.mjs";
import {readCell} from "./arrays.mjs";

const SECONDS = 1.2; // for each step while playing

export class Stepper {
  constructor(page, pass) {
    Object.assign(this, {page, pass});
    const actions = ["first", "back", "play", "next", "last"];
    this.buttons = Object.fromEntries(actions.map((action) => [action, page.button(action, "", {onclick: () => this.act(action)})]));
    this.output = element("output", {"data-steps": pass.made.length + 1});
    this.root = element("div", {class: "bar", role: "toolbar", "aria-label": page.say("steps")}, Object.values(this.buttons), this.position = element("span", {class: "where"}));
    this.timer = null;
  }

  get last() {
    return this.pass.made.length;
  }

  /** The step, the chosen cell, and up to which entry of the step's array to show. */
  where() {
    const {state} = this.page;
    let chosen = readCell(state.cell);
    if (chosen && this.pass.value(...chosen) === undefined) chosen = null;
    const step = Math.min(Math.max(state.step, chosen ? this.pass.stepOf(chosen[0]) : 0, 0), this.last);
    const inside = chosen && state.entries && this.pass.stepOf(chosen[0]) === step;
    return {step, chosen, upTo: inside ? this.number(chosen) : Infinity};
  }

  /** The number of an entry within its array. */
  number([name, i, j]) {
    return i * this.pass.values.get(name)[0].length + j;
  }

  act(action) {
    if (action === "play") {
      if (this.timer) this.stop();
      else this.play();
      return;
    }
    if (action !== "next") this.stop();
    const {step, chosen} = this.where();
    const forward = {first: -Infinity, back: -1, next: 1, last: Infinity}[action];
    if (this.page.state.entries && Math.abs(forward) === 1) this.byEntry(step, chosen, forward);
    else this.page.set({step: Math.min(Math.max(step + forward, 0), this.last), cell: "", tile: -1});
  }

  /** One entry on, or back; over the end of an array into the next one. */
  byEntry(step, chosen, by) {
    const places = this.pass.made.flatMap((name) => this.pass.places(name).map((at) => [name, ...at]));
    const inside = chosen && this.pass.stepOf(chosen[0]) === step;
    const first = places.findIndex(([name]) => this.pass.stepOf(name) === step);
    const here = inside ? places.findIndex((place) => place.join() === chosen.join()) : step === 0 ? -1 : first + (by > 0 ? -1 : 0);
    const next = places[here + by];
    if (here + by >= places.length) this.stop();
    else this.page.set(next ? {step: this.pass.stepOf(next[0]), cell: next.join(","), tile: -1} : {step: 0, cell: ""});
  }

  play() {
    if (this.where().step === this.last) this.page.set({step: 0, cell: ""});
    this.timer = setInterval(() => {
      this.act("next");
      const {step, chosen} = this.where();
      const ended = this.page.state.entries ? chosen && this.number(chosen) + 1 === this.pass.places(chosen[0]).length : true;
      if (step === this.last && ended) this.stop();
    }, SECONDS * 1000);
    this.update();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.update();
  }

  key(event) {
    const action = {ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last"}[event.key];
    if (!action) return;
    this.act(action);
    event.preventDefault();
  }

  update() {
    const {step, chosen} = this.where();
    const {page} = this;
    for (const [action, button] of Object.entries(this.buttons)) {
      button.textContent = page.say(action === "play" && this.timer ? "pause" : action);
    }
    page.main.dataset.step = String(step);
    this.output.textContent = String(this.last);
    this.output.dataset.steps = String(this.last);
    this.position.replaceChildren(page.say("step.of.before", {step}), this.output, page.say("step.of.after", {name: step > 0 ? this.pass.made[step - 1] : page.say("given.short")}));
    return {step, chosen};
  }
}
