// One pass: its arrays, what each entry is made of, and the forward pass again with a number changed.
import {compile} from "./numbers.mjs";

/** "W1 0,2" -> ["W1", 0, 2] */
const readPlace = (text) => {
  const [name, at] = text.split(" ");
  return [name, ...at.split(",").map(Number)];
};

const shapeOf = ({shape, values}, changed = values) => {
  const same = changed.length === values.length && changed[0].length === values[0].length;
  return same ? shape : [changed.length, changed[0].length];
};

export class Pass {
  /**
   * description: as numpynet wrote it; its `right`, if it has one, are the right rows of the arrays that are wrong.
   * changed: rows of numbers, by name, that stand in place of its own.
   */
  constructor(description, changed = {}) {
    this.names = description.arrays.map((array) => array.name);
    this.given = new Set(description.given);
    this.arrays = new Map(description.arrays.map((array) => [array.name, {...array, shape: shapeOf(array, changed[array.name])}]));
    this.values = new Map(description.arrays.map((array) => [array.name, changed[array.name] ?? array.values]));
    this.made = this.names.filter((name) => !this.given.has(name));
    this.right = new Map(Object.entries(description.right ?? {}));
    this.users = new Map();
    for (const name of this.made) {
      for (const [i, j] of this.places(name)) {
        for (const source of this.sources(name, i, j)) {
          const key = source.join(" ");
          this.users.set(key, [...(this.users.get(key) ?? []), [name, i, j]]);
        }
      }
    }
  }

  places(name) {
    return this.values.get(name).flatMap((row, i) => row.map((_, j) => [i, j]));
  }

  value(name, i, j) {
    return this.values.get(name)?.[i]?.[j];
  }

  /** The step at which an array is made; what is given is there from step 0. */
  stepOf(name) {
    return this.made.indexOf(name) + 1;
  }

  formula(name) {
    return this.arrays.get(name).formula;
  }

  rule(name) {
    return this.arrays.get(name).rule;
  }

  /** The text of an entry, with gaps, and the entries that fill them; null where it is not known. */
  expression(name, i, j) {
    const {terms, texts, values} = this.arrays.get(name);
    const term = terms?.[i * values[0].length + j];
    return term ? {text: texts[term[0]], gaps: term[1].split("|").map(readPlace)} : null;
  }

  /** The entries that an entry is made of, each once. */
  sources(name, i, j) {
    const gaps = this.expression(name, i, j)?.gaps ?? [];
    return [...new Map(gaps.map((gap) => [gap.join(" "), gap])).values()];
  }

  /** The entries that an entry goes into. */
  goesInto(name, i, j) {
    return this.users.get([name, i, j].join(" ")) ?? [];
  }

  /** The value of an expression from the numbers in `values`. */
  evaluate({text, gaps}, values = this.values) {
    return compile(text)(gaps.map(([source, k, l]) => values.get(source)[k][l]));
  }

  /** All arrays after one given number is changed to another: what it goes into is computed again, up to the loss. */
  moved(name, i, j, value) {
    const values = new Map(this.values);
    values.set(name, this.values.get(name).map((row, k) => row.map((x, l) => k === i && l === j ? value : x)));
    const touched = new Set([[name, i, j].join(" ")]);
    for (const made of this.made.slice(0, this.stepOf("loss"))) {
      values.set(made, this.values.get(made).map((row, k) => row.map((x, l) => {
        const expression = this.expression(made, k, l);
        if (!expression.gaps.some((gap) => touched.has(gap.join(" ")))) return x;
        touched.add([made, k, l].join(" "));
        return this.evaluate(expression, values);
      })));
    }
    return values;
  }

  /** Whether what follows can be computed again: each formula up to the loss is known. */
  get canRun() {
    return this.stepOf("loss") > 0 && this.made.slice(0, this.stepOf("loss")).every((name) => this.arrays.get(name).terms);
  }
}
