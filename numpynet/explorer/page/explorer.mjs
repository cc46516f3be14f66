// The explorer: tabs, language, keys; one view at a time. The default export is what a notebook's widget needs.
import {Page, element} from "./page.mjs";
import {stepView} from "./step_view.mjs";
import {trainView} from "./train_view.mjs";
import {mistakesView} from "./mistakes_view.mjs";
import {imagesView} from "./images_view.mjs";
import {derivationView} from "./derivation_view.mjs";

const VIEWS = {step: stepView, train: trainView, mistakes: mistakesView, images: imagesView, derivation: derivationView};

/** Put the explorer into an element. memory: where the state is kept, {read(), write(text), listen(changed)}. */
export function explore(data, words, root, memory) {
  const page = new Page(data, words, root, memory);
  let view = null;
  let shown = "";

  function draw() {
    const {state} = page;
    if (!Object.hasOwn(VIEWS, state.tab)) state.tab = "step";
    const wanted = [state.tab, state.model, state.lang, state.tab === "mistakes" ? state.mistake : ""].join();
    if (wanted !== shown) build();
    shown = wanted;
    view.update?.();
  }

  function build() {
    const {state} = page;
    const focused = root.contains(document.activeElement) ? document.activeElement.dataset : {};
    view?.stop?.();
    root.lang = state.lang;
    memory.language?.(state.lang, page.say("title"));
    const tabs = Object.keys(VIEWS).map((name) => element("button", {
      type: "button", "data-tab": name, "aria-current": state.tab === name ? "page" : null, onclick: () => page.set({tab: name}),
    }, page.say(`tab.${name}`)));
    const other = Object.keys(words).find((language) => language !== state.lang);
    const language = page.button("language", words[other].language, {lang: other, onclick: () => page.set({lang: other})});
    page.main = element("main", {"data-step": "0"});
    root.replaceChildren(
      element("header", {}, element("h1", {}, page.say("title")), element("nav", {"aria-label": page.say("views")}, tabs), language),
      page.main, element("footer", {}, page.say("footer", {version: data.version})));
    view = VIEWS[state.tab](page);
    page.main.append(view.root);
    if (focused.tab) root.querySelector(`[data-tab=${focused.tab}]`)?.focus();
    else if (focused.action) root.querySelector(`[data-action=${focused.action}]`)?.focus();
    else if (focused.mistake) root.querySelector(`[data-mistake=${focused.mistake}]`)?.focus();
    else if (focused.choice) root.querySelector(`[data-choice=${focused.choice}]`)?.focus();
  }

  function key(event) {
    const typing = event.target.closest?.("input[type=range], select, textarea");
    const elsewhere = event.target !== document.body && !root.contains(event.target);
    if (typing || elsewhere || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    view.key?.(event);
  }

  page.listeners.push(draw);
  document.addEventListener("keydown", key);
  const forget = memory.listen(() => {
    page.read();
    draw();
  });
  draw();
  return () => {
    view.stop?.();
    document.removeEventListener("keydown", key);
    forget();
  };
}

/** In a page of its own, the state is the part of the address after #; `state` if there is none. */
export function exploreInPage(data, words, state) {
  explore(data, words, document.getElementById("explorer"), {
    read: () => location.hash.slice(1) || state,
    write(text) {
      if (location.protocol !== "about:") history.replaceState(null, "", `#${text}`); // a frame has no address of its own
    },
    language: (language, title) => Object.assign(document.documentElement, {lang: language}) && (document.title = title),
    listen(changed) {
      window.addEventListener("hashchange", changed);
      return () => window.removeEventListener("hashchange", changed);
    },
  });
}

/** In a notebook, the state is the widget's. */
function render({model, el}) {
  const root = element("div", {class: "explorer"});
  el.replaceChildren(element("style", {}, model.get("style")), root);
  return explore(JSON.parse(model.get("data")), JSON.parse(model.get("words")), root, {
    read: () => model.get("state"),
    write(text) {
      model.set("state", text);
      model.save_changes();
    },
    listen(changed) {
      model.on("change:state", changed);
      return () => model.off("change:state", changed);
    },
  });
}

export default {render};
