// The drawer "Compare": what is to be compared, its values with suggestions, and the beginning.

import { addRow, made } from "./drawer.js";
import { send } from "./turn.js";

const VALUES = "2 to 16 values with commas between them; values for each layer stand in brackets, as in (0.5, 2)";
const BEGIN = "Train a variant for each value, all from here; the run itself waits meanwhile";
const TARGET = "In what the variants differ; everything else they share";

class Drawer {
  constructor(model, el, signal) {
    this.model = model;
    this.el = el;
    this.signal = signal;
    el.classList.add("ffx-compare");
    el.setAttribute("role", "group");
    el.setAttribute("aria-label", "Compare");
    el.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take letters and Enter
    this.target = made("select", addRow(el, "compare"), { title: TARGET });
    this.target.setAttribute("aria-label", "compare");
    this.meaning = made("p", el, { className: "ffx-compare-meaning" });
    const row = addRow(el, "values");
    this.values = made("input", row, { type: "text", title: VALUES, className: "ffx-compare-text" });
    this.values.setAttribute("aria-label", "values");
    this.begin = made("button", row, {
      type: "button", className: "jupyter-button ffx-compare-start", textContent: "Start comparing",
    });
    this.chips = addRow(el, "suggested");
    this.problem = made("p", el, { className: "ffx-compare-said" });
    this.problem.setAttribute("role", "status");
    this.problem.setAttribute("aria-live", "polite");
    const on = (node, name, hear) => node.addEventListener(name, hear, { signal });
    on(this.target, "change", () => this.tell("target"));
    on(this.values, "change", () => this.tell("values"));
    on(this.values, "keydown", (event) => { if (event.key === "Enter") this.tell("begin"); });
    on(this.begin, "click", () => this.tell("begin"));
    this.update = () => this.show();
    model.on("change", this.update);
    this.show();
  }

  tell(kind) {
    this.hasBegun ||= kind === "begin"; // a box tells its values once more when it is left
    send(this.model, { kind, target: this.target.value, values: this.values.value });
  }

  show() {
    const get = (name) => this.model.get(name);
    const isClosing = !this.el.hidden && !get("is_open");
    this.el.hidden = !get("is_open");
    if (isClosing && this.hasBegun) this.handOnFocus();
    this.hasBegun &&= !isClosing;
    const names = get("labels");
    if ([...this.target.options].map(({ value }) => value).join() !== names.join()) {
      this.target.replaceChildren();
      names.forEach((name, number) => this.groupOf(get("groups")[number] || "").append(new Option(name, name)));
    }
    this.target.value = get("target");
    this.meaning.textContent = get("meaning");
    if (get("values") !== this.known) this.values.value = get("values");
    this.known = get("values"); // else a change of something else would take back what is being written
    this.showChips(get("suggested"));
    const reason = get("reason");
    for (const node of [this.values, this.begin, ...this.chips.children]) node.disabled = Boolean(reason);
    this.begin.title = reason ? `Not in use: ${reason}` : BEGIN;
    this.problem.textContent = get("problem") || (reason ? `Not in use: ${reason}` : "");
    this.problem.classList.toggle("ffx-keep-warns", Boolean(get("problem")));
  }

  // What had the focus is off or hidden now; without one, the keys of the panel would be dead.
  handOnFocus() {
    const { activeElement } = document;
    if (activeElement && activeElement !== document.body && !this.el.contains(activeElement)) return;
    this.el.closest(".ffx-explorer")?.querySelector(".ffx-comparer")?.focus();
  }

  groupOf(label) {
    const last = this.target.lastElementChild;
    return last && last.label === label ? last : Object.assign(made("optgroup", this.target), { label });
  }

  showChips(suggested) {
    const key = JSON.stringify(suggested);
    if (key === this.chipsKey) return;
    this.chipsKey = key;
    this.chips.parentElement.hidden = !suggested.length;
    this.chips.replaceChildren(...suggested.map(([textContent, values]) => {
      const chip = made("button", this.chips, { type: "button", className: "jupyter-button ffx-chip", textContent, title: values });
      chip.addEventListener("click", () => {
        this.values.value = values;
        this.tell("values");
      }, { signal: this.signal });
      return chip;
    }));
  }
}

export default {
  render({ model, el }) {
    const stop = new AbortController();
    const drawer = new Drawer(model, el, stop.signal);
    return () => {
      model.off("change", drawer.update);
      stop.abort();
    };
  },
};
