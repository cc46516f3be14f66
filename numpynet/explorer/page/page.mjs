// What every view uses: elements, words, and the state that the address keeps.

/** An element with attributes (those that start with "on" are listeners) and children. */
export function element(tag, attributes = {}, ...children) {
  const [name, space] = tag.startsWith("svg:") ? [tag.slice(4), "http://www.w3.org/2000/svg"] : [tag, null];
  const made = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export const svg = (tag, attributes = {}, ...children) => element(`svg:${tag}`, attributes, ...children);

/** State that is worth a link, its first values, and the words of one language. */
export class Page {
  constructor(data, words, root, memory) {
    Object.assign(this, {data, words, root, memory});
    this.first = {
      tab: "step", model: Object.keys(data.models)[0], step: 0, cell: "", lang: data.language, entries: 0,
      differences: 0, graph: 0, example: 0, tile: -1, run: "right", at: 0, across: 0, up: 1, mistake: "no_relu_mask",
      epoch: 0, picture: 0, rule: "grad_W",
    };
    this.state = {...this.first};
    this.listeners = [];
    this.read();
  }

  /** The text for a key, with {name} replaced. */
  say(key, values = {}) {
    const text = this.words[this.state.lang][key];
    if (text === undefined) throw new Error(`no words for ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** Take the state from the address; what is not in it, or makes no sense, has its first value. */
  read() {
    const found = new URLSearchParams(this.memory.read());
    for (const [key, first] of Object.entries(this.first)) {
      const text = found.get(key);
      const value = typeof first === "number" ? Number.parseInt(text, 10) : text;
      this.state[key] = text === null || Number.isNaN(value) ? first : value;
    }
    if (!Object.hasOwn(this.words, this.state.lang)) this.state.lang = this.first.lang;
    if (!Object.hasOwn(this.data.models, this.state.model)) this.state.model = this.first.model;
  }

  /** Change some of the state, write it to the address, and draw what depends on it. */
  set(changes) {
    Object.assign(this.state, changes);
    const differing = Object.entries(this.state).filter(([key, value]) => value !== this.first[key] || key === "tab");
    this.memory.write(new URLSearchParams(differing).toString().replaceAll("%2C", ","));
    this.changed();
  }

  changed() {
    for (const listener of this.listeners) listener(this.state);
  }

  button(action, label, attributes = {}) {
    return element("button", {type: "button", "data-action": action, ...attributes}, label);
  }

  /** A check box, a selection or a slider that belongs to one key of the state. */
  checkbox(key, label) {
    const box = element("input", {type: "checkbox", onchange: () => this.set({[key]: Number(box.checked)})});
    box.checked = Boolean(this.state[key]);
    return element("label", {class: "choice"}, box, label);
  }

  select(key, label, options) {
    const menu = element("select", {"data-choice": key, onchange: () => this.set({[key]: read(menu.value)})});
    const read = typeof this.first[key] === "number" ? Number : String;
    for (const [value, text] of options) menu.append(element("option", {value, selected: value === this.state[key]}, text));
    return element("label", {class: "choice"}, label, menu);
  }

  slider(label, most, value, oninput, attributes = {}) {
    const input = element("input", {type: "range", min: 0, max: most, step: 1, ...attributes, oninput: () => oninput(Number(input.value))});
    input.value = value;
    return element("label", {class: "choice slider"}, label, input);
  }
}
