// A row per layer, of the present or a former moment, and how they are to be read.

import { html, setText } from "./dom.js";
import { Row } from "./row.js";
import { makeGroup, makeToggle, makeTraitToggle } from "./toggles.js";

const SLIDE = 400; // pixels that all rows have together on a slide

function heightFor(layers, isSlide) {
  if (isSlide) return Math.min(190, Math.max(64, Math.floor(SLIDE / layers) - 8));
  return layers <= 2 ? 148 : layers <= 4 ? 112 : layers <= 6 ? 92 : 76;
}

export class Histograms {
  static title = "Goodness per layer";
  static short = "histograms";
  static tip = "Goodness of positive and negative data, layer by layer";

  constructor(element, legend, signal, context) {
    this.context = context;
    this.signal = signal;
    this.rows = [];
    this.ghost = null;
    this.list = html("div", "ff-rows");
    legend.append(html("span", "ff-mark ff-mark-positive", "positive data"));
    legend.append(html("span", "ff-mark ff-mark-negative", "negative data"));
    element.append(this.makeOptions(), this.list);
  }

  makeOptions() {
    const { model, tell } = this.context;
    const redraw = () => this.rows.forEach((row) => row.draw());
    const toggle = (...words) => makeTraitToggle(model, ...words, this.signal, redraw);
    this.pin = makeToggle("pin", "Keep an outline of the moment that is shown behind those to come", this.signal, () => {
      tell({ pin: !this.ghost });
    });
    this.lock = toggle("ranges_are_locked", "lock range", "Keep the range of goodness of each layer as it is now");
    const group = makeGroup(
      "How histograms are read",
      toggle("shows_density", "density", "Densities (the area of each histogram is 1) instead of counts"),
      toggle("is_logarithmic", "log", "Logarithmic heights, so that a few samples can be seen beside many"),
      this.lock,
      this.pin.button,
    );
    this.past = html("div", "ff-past");
    this.moment = html("span", "ff-past-step");
    const back = html("button", "ff-button", "back to now");
    back.type = "button";
    back.addEventListener("click", () => tell({ travel: null }), { signal: this.signal });
    this.past.append(this.moment, back);
    this.past.setAttribute("data-lm-suppress-shortcuts", "true");
    const options = html("div", "ff-options");
    options.append(group, this.past);
    return options;
  }

  // The ghost that this view holds already.
  get have() {
    return { ghost: this.ghost?.number ?? 0 };
  }

  update(pane) {
    this.takeGhost(pane);
    this.past.classList.toggle("ff-is-past", Boolean(pane.past));
    setText(this.moment, pane.past ? `step ${pane.past.step} of ${pane.step}` : "");
    const layers = pane.widths.length;
    if (layers !== this.rows.length) this.build(layers);
    const isSlide = this.context.model.get("is_slide");
    const height = heightFor(layers, isSlide);
    this.list.classList.toggle("ff-compact", height < (isSlide ? 124 : 88)); // no room for five lines of words
    this.list.style.setProperty("--ff-row-height", `${height}px`);
    for (const row of this.rows) row.update(pane, 0, height, this.ghost);
  }

  takeGhost({ ghost, arrays }) {
    if (!ghost) this.ghost = null;
    else if (arrays.ghost_positive) this.ghost = { ...ghost, arrays };
    this.pin.show(Boolean(this.ghost));
    setText(this.pin.button, this.ghost ? `pinned: step ${this.ghost.step}` : "pin");
  }

  build(layers) {
    this.stop?.abort();
    this.stop = new AbortController();
    const signal = AbortSignal.any([this.signal, this.stop.signal]);
    this.rows = Array.from({ length: layers }, (_, layer) => new Row(layer, signal, this.context));
    this.list.replaceChildren(...this.rows.map((row) => row.element));
    this.configure();
  }

  // What can be done here depends on who listens.
  configure() {
    this.lock.hidden = !this.context.model.get("ranges_can_be_locked");
    this.rows.forEach((row) => row.draw());
  }
}
