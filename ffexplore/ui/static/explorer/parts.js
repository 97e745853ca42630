// The parts of a form as the page shows them. Each takes what the kernel says of it (`show`) and tells what a person does.

import { Field } from "./field.js";

const PIECE = 1 << 20; // bytes of a message; a notebook's server closes the line when one is too long

function made(tag, className = "", properties = {}) {
  return Object.assign(document.createElement(tag), { className }, properties);
}

function set(node, name, value) {
  if (node[name] !== value) node[name] = value;
}

// Lab and Notebook would otherwise take the arrow keys from what has the focus.
function keepKeys(node) {
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  return node;
}

class Part {
  constructor(form, name, element, base) {
    this.form = form;
    this.field = new Field(form, name);
    this.element = element;
    this.base = base;
  }

  on(node, name, handle) {
    node.addEventListener(name, handle, { signal: this.form.signal });
  }

  show({ classes = [], tooltip = "" }) {
    set(this.element, "className", [this.base, ...classes].join(" "));
    set(this.element, "title", tooltip);
  }
}

class Box extends Part {
  constructor(form, name) {
    super(form, name, made("div"), "jupyter-widgets widget-container widget-box");
  }

  show(state) {
    super.show(state);
    this.element.classList.add(state.in_line ? "widget-hbox" : "widget-vbox");
    this.form.fill(this.element, state.children ?? []);
  }
}

class Heading extends Part {
  constructor(form, name) {
    super(form, name, made("h4"), "");
  }

  show(state) {
    super.show(state);
    set(this.element, "textContent", state.description ?? "");
  }
}

class Button extends Part {
  constructor(form, name) {
    super(form, name, made("button", "", { type: "button" }), "jupyter-widgets jupyter-button widget-button");
    this.on(this.element, "click", () => this.press());
  }

  press() {
    this.field.send({});
  }

  show(state) {
    super.show(state);
    set(this.element, "textContent", state.description ?? "");
    set(this.element, "disabled", Boolean(state.disabled));
  }
}

class Toggle extends Button {
  press() {
    this.turn(this.element.ariaPressed !== "true");
    this.field.send({ value: this.element.ariaPressed === "true" });
  }

  turn(isOn) {
    this.element.ariaPressed = `${isOn}`;
    this.element.classList.toggle("mod-active", isOn);
  }

  show(state) {
    const isOn = this.field.hears(state) ? Boolean(state.value) : this.element.ariaPressed === "true";
    super.show(state);
    this.turn(isOn);
  }
}

// Something with a label before it.
class Labelled extends Part {
  constructor(form, name, input, base) {
    super(form, name, made("div"), `jupyter-widgets widget-inline-hbox ${base}`);
    this.input = keepKeys(input);
    this.label = made("label", "widget-label", { htmlFor: `ffx-${form.id}-${name}` });
    this.input.id = this.label.htmlFor;
    this.element.append(this.label, this.input);
  }

  show(state) {
    super.show(state);
    set(this.label, "textContent", state.description ?? "");
    set(this.input, "disabled", Boolean(state.disabled));
    if (this.field.hears(state)) this.setValue(state);
  }
}

class Text extends Labelled {
  constructor(form, name) {
    super(form, name, made("input", "", { type: "text", autocomplete: "off", spellcheck: false }), "widget-text");
    this.isEdited = false; // and not handed in yet
    this.on(this.input, "input", () => { this.isEdited = true; });
    // Also what stood there already is handed in: a warning about what was refused before goes with it.
    const enter = () => {
      if (this.isEdited) this.field.send({ value: this.input.value });
      this.isEdited = false;
    };
    this.on(this.input, "change", () => { this.isEdited = true; enter(); });
    this.on(this.input, "focusout", enter);
    this.on(this.input, "keydown", (event) => { if (event.key === "Enter") enter(); });
  }

  show(state) {
    super.show(state);
    set(this.input, "placeholder", state.wanted ?? "");
    const suggestions = state.suggestions ?? [];
    if (this.suggestions || !suggestions.length) return;
    this.suggestions = made("datalist", "", { id: `${this.input.id}-list` });
    this.suggestions.append(...suggestions.map((text) => new Option(text, text)));
    this.element.append(this.suggestions);
    this.input.setAttribute("list", this.suggestions.id);
  }

  setValue({ value = "" }) {
    if (!this.isEdited) set(this.input, "value", value);
  }
}

class Menu extends Labelled {
  constructor(form, name) {
    super(form, name, made("select"), "widget-dropdown");
    this.on(this.input, "change", () => this.field.send({ value: this.input.selectedIndex }));
  }

  show(state) {
    const { options = [] } = state;
    const key = options.join("\n");
    if (key !== this.key) {
      const at = this.input.selectedIndex;
      this.input.replaceChildren(...options.map((text) => new Option(text, text)));
      this.input.selectedIndex = at;
    }
    this.key = key;
    super.show(state);
  }

  setValue({ value = 0 }) {
    set(this.input, "selectedIndex", value);
  }
}

class Check extends Part {
  constructor(form, name) {
    super(form, name, made("div"), "jupyter-widgets widget-inline-hbox widget-checkbox");
    this.input = made("input", "", { type: "checkbox" });
    this.label = made("label", "widget-label-basic");
    this.text = made("span");
    this.label.append(this.input, this.text);
    this.element.append(this.label);
    this.on(this.input, "change", () => this.field.send({ value: this.input.checked }));
  }

  show(state) {
    super.show(state);
    set(this.text, "textContent", state.description ?? "");
    set(this.input, "disabled", Boolean(state.disabled));
    if (this.field.hears(state)) set(this.input, "checked", Boolean(state.value));
  }
}

class Slider extends Part {
  constructor(form, name) {
    super(form, name, keepKeys(made("input", "", { type: "range", min: 0, step: 1 })), "ffx-slider");
    this.on(this.element, "input", () => {
      this.fill();
      this.field.tell({ value: this.element.valueAsNumber });
    });
    this.on(this.element, "change", () => this.field.flush()); // let go: the last position goes at once
  }

  show(state) {
    super.show(state);
    set(this.element, "max", `${state.last ?? 1}`);
    set(this.element, "ariaLabel", state.description ?? "");
    set(this.element, "disabled", Boolean(state.disabled));
    if (this.field.hears(state)) {
      set(this.element, "value", `${state.value ?? 0}`);
      set(this.element, "ariaValueText", state.words || null);
    }
    this.fill();
  }

  fill() {
    this.element.style.setProperty("--share", `${(100 * this.element.value) / this.element.max}%`);
  }
}

// A button that takes files of one's own: their size is looked at before a byte is sent, and large ones go in pieces.
class Upload extends Part {
  constructor(form, name) {
    super(form, name, made("div"), "ffx-upload");
    this.input = made("input", "", { type: "file", multiple: true, hidden: true });
    this.button = made("button", "jupyter-button", { type: "button" });
    this.element.append(this.button, this.input);
    this.on(this.button, "click", () => this.input.click());
    this.on(this.input, "change", () => this.take());
  }

  show({ tooltip, ...state }) {
    super.show(state);
    set(this.button, "title", tooltip);
    set(this.button, "textContent", state.description);
    set(this.button, "disabled", Boolean(state.disabled));
    set(this.input, "accept", state.accept);
    this.most = state.most;
  }

  async take() {
    const files = [...this.input.files];
    this.input.value = "";
    if (!files.length) return;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (total > this.most) {
      this.field.send({ kind: "large", total });
      return;
    }
    this.field.send({ kind: "begin", names: files.map((file) => file.name) });
    for (const [number, file] of files.entries()) {
      for (let start = 0; start < file.size; start += PIECE) {
        this.field.send({ kind: "piece", number }, [await file.slice(start, start + PIECE).arrayBuffer()]);
      }
    }
    this.field.send({ kind: "end", total });
  }
}

export const PARTS = {
  box: Box, heading: Heading, button: Button, toggle: Toggle, text: Text, menu: Menu, check: Check, slider: Slider,
  upload: Upload,
};
