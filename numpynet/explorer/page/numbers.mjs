// Numbers as they are printed, and the values of printed expressions.

/** A number to some digits, with a true minus sign; never −0. */
export function format(x, digits = 4) {
  if (x === null || !Number.isFinite(x)) return x === null ? "∞" : String(x).replace("-", "−");
  const text = String(Number(Math.abs(x).toPrecision(digits))).replace("-", "−");
  return x < 0 && text !== "0" ? `−${text}` : text;
}

/** A number to full precision, as Python writes it. */
export function exactly(x) {
  if (Object.is(x, -0) || !Number.isFinite(x)) return x === 0 ? "-0.0" : String(x);
  const [digits, exponent] = x.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

const FUNCTIONS = {exp: Math.exp, log: Math.log, max: Math.max, tanh: Math.tanh};
const compiled = new Map();

/**
 * A function of the numbers for the gaps of an expression such as "{0:p} · ({1} > 0)", which returns its value.
 * It knows + − · / ², >, parentheses, and exp, log, max, tanh.
 */
export function compile(text) {
  if (!compiled.has(text)) {
    const tokens = text.match(/\{\d+(?::p)?\}|[\d.]+(?:e−?\d+)?|[a-z]+|[+−·/()²>,]/g);
    compiled.set(text, parse(tokens));
  }
  return compiled.get(text);
}

function parse(tokens) {
  let at = 0;
  const take = (...wanted) => wanted.includes(tokens[at]) ? tokens[at++] : null;
  const binary = (part, operations) => () => {
    let left = part();
    for (let sign = take(...Object.keys(operations)); sign; sign = take(...Object.keys(operations))) {
      const [one, other, apply] = [left, part(), operations[sign]];
      left = (gaps) => apply(one(gaps), other(gaps));
    }
    return left;
  };
  const product = binary(power, {"·": (a, b) => a * b, "/": (a, b) => a / b});
  const sum = binary(product, {"+": (a, b) => a + b, "−": (a, b) => a - b});
  const comparison = binary(sum, {">": (a, b) => Number(a > b)});

  function power() {
    if (take("−")) {
      const negated = power();
      return (gaps) => -negated(gaps);
    }
    const base = atom();
    return take("²") ? (gaps) => base(gaps) ** 2 : base;
  }

  function atom() {
    const token = tokens[at++];
    if (token === "(") {
      const inside = comparison();
      take(")");
      return inside;
    }
    if (token in FUNCTIONS) {
      take("(");
      const given = [comparison()];
      while (take(",")) given.push(comparison());
      take(")");
      return (gaps) => FUNCTIONS[token](...given.map((each) => each(gaps)));
    }
    if (token.startsWith("{")) {
      const gap = Number.parseInt(token.slice(1), 10);
      return (gaps) => gaps[gap];
    }
    const number = Number(token.replace("−", "-"));
    return () => number;
  }

  return comparison();
}

/** The digits with which an expression is printed so that it adds up to its result as printed: [numbers, result]. */
export function digitsThatAddUp(text, gaps, result) {
  const value = compile(text);
  for (let shown = 4; shown > 0; shown -= 1) {
    for (let used = shown; used <= 17; used += 1) {
      if (format(value(gaps.map((x) => rounded(x, used))), shown) === format(result, shown)) return [used, shown];
    }
  }
  return [4, 4];
}

const rounded = (x, digits) => Number.isFinite(x) ? Number(x.toPrecision(digits)) : x;
