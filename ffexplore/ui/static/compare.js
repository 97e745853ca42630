// The variants that are compared, side by side: a card each, all on the same axes where their scales agree.

import { Card, CURVE } from "./card.js";
import { html, onSize, setText } from "./dom.js";
import { fixed, percent } from "./numbers.js";
import { makeGroup, makeToggle } from "./toggles.js";

const MANY = 8; // variants above which the cards are narrower, and low at first, so that all of them are seen at once
const GAP = 12; // pixels between two cards
const WIDTHS = { few: 176, many: 114 }; // pixels that a card has at least
const MOST = 600; // pixels that it has at most
const INSET = 2; // pixels that a curve keeps from the edges
const POINTS = 90; // of a curve in a picture as small as this

export class Compare {
  static title = "Variants side by side";

  constructor(element, legend, signal, context) {
    this.signal = signal;
    this.context = context;
    this.cards = [];
    this.words = html("span", "ff-compare-words");
    this.note = html("p", "ff-compare-note");
    this.empty = html("p", "ff-pictureless");
    this.back = html("button", "ff-button ff-back", "Back to the run from before");
    this.back.type = "button";
    this.back.title = "End the comparison and go on with the run as it was when the comparison began";
    this.back.addEventListener("click", () => this.choose(null), { signal });
    this.element = element;
    this.grid = html("div", "ff-cards");
    const bar = html("div", "ff-compare-bar");
    bar.append(this.words, this.back);
    this.marks = ["positive", "negative"].map((side) => html("span", `ff-mark ff-mark-${side}`, `${side} data`));
    this.toggle = makeToggle("layers", "The histograms of every layer in each card", signal, () => {
      context.model.set("shows_layers", !this.showsLayers);
      context.model.save_changes();
    });
    const redraw = () => this.draw();
    context.model.on("change:shows_layers", redraw);
    signal.addEventListener("abort", () => context.model.off("change:shows_layers", redraw));
    legend.append(...this.marks, makeGroup("Cards", this.toggle.button));
    element.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take Enter
    element.append(bar, this.empty, this.grid, this.note);
    this.grid.hidden = this.note.hidden = true;
    onSize(element, signal, (width) => { this.width = width; this.draw(); });
  }

  get showsLayers() {
    return this.context.model.get("shows_layers") ?? this.cards.length <= MANY;
  }

  // What this view holds already; the kernel sends what follows.
  get have() {
    return { of: this.of ?? 0, generation: this.generation ?? "", rows: this.steps?.length ?? 0 };
  }

  update(pane) {
    setText(this.empty, pane.words ?? "");
    this.empty.hidden = !pane.words;
    this.grid.hidden = this.note.hidden = Boolean(pane.words);
    if (pane.words) return;
    if (pane.labels && pane.of !== this.of) this.build(pane); // another view may have asked for them
    if (pane.of !== this.of || !this.take(pane)) {
      this.generation = this.of = undefined; // a gap: ask for everything
      this.context.hello();
      return;
    }
    this.pane = pane;
    this.draw();
  }

  // The button that was pressed is gone soon; with the focus on nothing, the keys of the panel would be dead.
  choose(variant) {
    this.context.tell({ choose: variant });
    this.element.closest(".ffx-explorer")?.querySelector(".ffx-comparer")?.focus({ preventScroll: true });
  }

  build({ of, field, labels, present }) {
    this.of = of;
    this.field = field;
    this.labels = labels;
    this.stop?.abort();
    this.stop = new AbortController();
    const signal = AbortSignal.any([this.signal, this.stop.signal]);
    this.cards = labels.map((label, variant) => {
      const card = new Card(variant, signal, () => this.choose(variant));
      card.name(field, label, variant === present);
      return card;
    });
    this.grid.replaceChildren(...this.cards.map(({ element }) => element));
  }

  take({ generation, from, arrays }) {
    if (generation !== this.generation) [this.steps, this.curves] = [[], this.labels.map(() => [])];
    if (from > this.steps.length) return false;
    this.generation = generation;
    if (!arrays.step) return true;
    const { data, shape: [rows, variants] } = arrays.curve;
    this.steps.splice(from, Infinity, ...arrays.step.data);
    this.curves.forEach((curve, variant) => {
      curve.splice(from, Infinity, ...Array.from({ length: rows }, (_, row) => data[row * variants + variant]));
    });
    return true;
  }

  draw() {
    if (!this.width || !this.pane) return;
    const least = this.cards.length > MANY ? WIDTHS.many : WIDTHS.few;
    const columns = Math.max(1, Math.min(this.cards.length, Math.floor((this.width + GAP) / (least + GAP))));
    const even = Math.ceil(this.cards.length / Math.ceil(this.cards.length / columns)); // no card alone in the last row
    const width = Math.min(MOST, Math.floor((this.width - (even - 1) * GAP) / even));
    this.grid.style.gridTemplateColumns = `repeat(${even}, ${width}px)`;
    const lines = this.lines(width);
    this.toggle.show(this.showsLayers);
    for (const mark of this.marks) mark.hidden = !this.showsLayers;
    for (const card of this.cards) card.update(this.pane, width, lines, this.showsLayers);
    this.write(lines.scale);
  }

  // The curve of each variant as a path, on axes that all cards share.
  lines(width) {
    const { steps, curves, pane } = this;
    const isKnown = (_, row) => curves.some((curve) => Number.isFinite(curve[row]));
    const known = steps.map((_, row) => row).filter(isKnown);
    const every = Math.ceil(known.length / POINTS);
    const rows = known.filter((_, place) => (known.length - 1 - place) % every === 0);
    const values = curves.flatMap((curve) => rows.map((row) => curve[row])).filter(Number.isFinite);
    const [least, most] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
    const low = pane.is_share ? Math.floor(10 * least) / 10 : Math.min(0.5, least);
    const high = Math.max(low + 0.1, pane.is_share ? Math.ceil(10 * most) / 10 : 1);
    const [first, last] = [steps[rows[0]] ?? 0, steps[rows.at(-1)] ?? 1];
    const x = (step) => INSET + ((step - first) / Math.max(1, last - first)) * (width - 4 * INSET);
    const y = (value) => INSET + ((high - value) / (high - low)) * (CURVE - 2 * INSET);
    const end = [];
    const paths = curves.map((curve, variant) => {
      let path = "";
      for (const row of rows) {
        if (!Number.isFinite(curve[row])) continue;
        end[variant] = [x(steps[row]).toFixed(1), y(curve[row]).toFixed(1)];
        path += `${path ? "L" : "M"}${end[variant].join(" ")}`;
      }
      return path;
    });
    return { paths, end, scale: { low, high, first, last } };
  }

  write({ low, high, first, last }) {
    const { pane, labels, field } = this;
    const value = (number) => (pane.is_share ? percent(number, 0) : fixed(number, 2));
    const values = Array.from(pane.arrays.value.data, (each, k) => (pane.diverged[k] || !Number.isFinite(each) ? -Infinity : each));
    const most = Math.max(...values);
    const leaders = labels.filter((_, k) => values[k] === most);
    const ahead = most === -Infinity || leaders.length === labels.length ? `none is ahead by ${pane.measure}`
      : `the best by ${pane.measure}: ${leaders.join(" and ")}, with ${pane.is_share ? percent(most) : fixed(most, 3)}`;
    setText(this.words, `${labels.length} variants of ${field}; ${ahead}.`);
    const shared = !this.showsLayers ? "" : pane.is_shared.every(Boolean) ? "All histograms of a layer share one axis."
      : pane.is_shared.some(Boolean)
        ? `One axis for all: ${pane.is_shared.flatMap((isShared, layer) => (isShared ? [`layer ${layer + 1}`] : [])).join(", ")}; else each has its own.`
        : "The scales differ, so histograms have axes of their own.";
    setText(this.note, `Curves: ${pane.measure}, ${value(low)} to ${value(high)} over batches ${first} to ${last}; `
      + `thick the variant itself, thin the others. ${shared}`.trim());
  }
}
