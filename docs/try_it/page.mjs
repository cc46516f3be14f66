// "Check your gradient here": an editor, and a worker in which numpynet checks what is in it.

import {examples} from "./examples.mjs";
import {words} from "./words.mjs";

const SECONDS = 120; // for a check, after everything is loaded

const place = document.getElementById("try-it");
const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
const say = (key, values = {}) => words[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

const element = (kind, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
};

const choice = element("select", {id: "example"}, ...Object.keys(examples).map((name) => element("option", {value: name}, name)));
const editor = element("textarea", {id: "code", rows: 18, spellcheck: false, autocapitalize: "off"});
const check = element("button", {type: "button", id: "check"}, say("check"));
const stop = element("button", {type: "button", id: "stop", disabled: true}, say("stop"));
const status = element("p", {id: "status", role: "status"}, say("idle"));
const report = element("pre", {id: "report", tabIndex: 0, hidden: true});
report.setAttribute("role", "region");
report.setAttribute("aria-label", say("report"));

place.replaceChildren(
  element("p", {}, element("label", {htmlFor: "example"}, say("example")), " ", choice),
  element("label", {htmlFor: "code"}, say("code")),
  editor,
  element("p", {}, check, " ", stop),
  status,
  report,
);

const show = () => (editor.value = examples[choice.value]);
choice.addEventListener("change", show);
show();

let worker, clock;

function end(message) {
  clearTimeout(clock);
  check.disabled = false;
  stop.disabled = true;
  status.textContent = message;
}

function giveUp(message) {
  worker?.terminate();
  worker = undefined;
  end(message);
}

function hear({data}) {
  if (data.stage) {
    status.textContent = say(data.stage);
    if (data.stage === "checking") clock = setTimeout(() => giveUp(say("late", {seconds: limit})), 1000 * limit);
  } else if (data.error !== undefined) {
    giveUp(say("failed", {error: data.error}));
  } else {
    report.textContent = data.report;
    report.hidden = false;
    end(say("done"));
  }
}

const here = (name) => new URL(name, import.meta.url).href;
const settings = fetch(here("settings.json")).then((response) => response.json());
let limit = SECONDS;

check.addEventListener("click", async () => {
  check.disabled = true;
  stop.disabled = false;
  report.hidden = true;
  status.textContent = "";
  const {pyodide, seconds = SECONDS} = await settings;
  limit = seconds;
  if (!worker) {
    worker = new Worker(here("worker.mjs"), {type: "module"});
    worker.onmessage = hear;
    worker.onerror = (event) => giveUp(say("failed", {error: event.message ?? ""}));
  }
  worker.postMessage({code: editor.value, language, pyodide: new URL(pyodide, here("settings.json")).href, numpynet: here("numpynet.zip")});
});

stop.addEventListener("click", () => giveUp(say("stopped")));
