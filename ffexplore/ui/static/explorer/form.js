// A form: builds the parts that the kernel names, and keeps each as the kernel says it is.

import { PARTS } from "./parts.js";

const ROOT = "0";

class Form {
  constructor(model, el, signal) {
    this.model = model;
    this.signal = signal;
    this.id = Math.random().toString(36).slice(2, 10); // of this view: answers to another one's messages are not for it
    this.parts = new Map(); // name -> part
    el.classList.add("widget-container", "widget-box", model.get("in_line") ? "widget-hbox" : "widget-vbox");
    const show = () => this.fill(el, model.get(ROOT).children);
    model.on(`change:${ROOT}`, show);
    show();
  }

  // Children that are there are left alone: one that is moved would lose the focus.
  fill(element, numbers) {
    numbers.forEach((number, place) => {
      const child = this.part(`${number}`).element;
      if (element.children[place] !== child) element.insertBefore(child, element.children[place] ?? null);
    });
  }

  part(name) {
    if (!this.parts.has(name)) {
      const part = new PARTS[this.model.get(name).kind](this, name);
      this.parts.set(name, part);
      this.model.on(`change:${name}`, () => part.show(this.model.get(name)));
      part.show(this.model.get(name));
    }
    return this.parts.get(name);
  }
}

export default {
  render({ model, el }) {
    const stop = new AbortController();
    new Form(model, el, stop.signal);
    return () => stop.abort();
  },
};
