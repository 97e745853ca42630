// Diagnostics: a reliability diagram and a few measures for each layer, and what the shortcut meter says.

import { Asked } from "./asked.js";
import { describeSlowly, html, set, setAttribute, setText, svg } from "./dom.js";
import { fixed, percent } from "./numbers.js";

const SIZE = 96;
const MEASURES = [
  ["layer_accuracy", "right alone", (value) => percent(value, 1), "Share of validation inputs that this layer classifies right by itself"],
  ["cumulative_accuracy", "with those below", (value) => percent(value, 1), "Share that this layer and all below it classify right together"],
  ["dead", "dead units", (value) => fixed(value, 0), "Units that no input makes active"],
  ["calibration_error", "calibration error", (value) => fixed(value, 3), "How far the share of positives lies from the probability σ(s (g − θ)), s the logit scale, on average: 0 is best"],
  ["sparsity", "silent", (value) => percent(value, 0), "Share of activities that are exactly zero"],
  ["concentration", "concentration", (value) => fixed(value, 2), "Hoyer's measure: 0 where all units are alike, 1 where one unit alone speaks"],
  ["weight_rms", "weights (rms)", (value) => fixed(value, 3), "Root mean square of the weights"],
];

const METER = "How well a small classifier tells negatives from positives by brightness, roughness and the like. "
  + "It never sees the code of the label: negatives that keep the image read 0.5, even inverse_label, which is too easy";

export class Diagnostics extends Asked {
  static title = "Diagnostics";
  static short = "diagnostics";
  static tip = "Accuracy, dead units, calibration and weights of each layer, and whether the negatives are too easy";

  constructor(element, legend) {
    super(element, "ff-diagnostics");
    legend.append(html("span", "", "share of positives over the probability given; on the line is best"));
    this.layers = html("div", "ff-diagnosed");
    this.meter = html("div", "ff-meter");
    this.fill = html("div", "ff-meter-fill");
    this.reading = html("p", "ff-reading");
    this.meter.append(this.fill);
    this.meter.setAttribute("role", "meter");
    this.meter.setAttribute("aria-label", "shortcut meter: AUC of a classifier that sees statistics alone");
    set(this.meter, { "aria-valuemin": "0.5", "aria-valuemax": "1" });
    const heading = html("h4", "ff-subtitle", "Shortcut meter");
    heading.title = METER;
    this.meter.title = METER;
    this.content.append(this.layers, heading, this.meter, this.reading);
    this.cells = [];
    this.describe = describeSlowly(this.layers);
    this.layers.setAttribute("role", "group");
  }

  show(pane) {
    const { counts, predicted, observed } = pane.arrays;
    const [layers, bins] = counts.shape;
    if (layers !== this.cells.length) this.build(layers);
    this.cells.forEach(({ points, values }, layer) => {
      const part = ({ data }) => data.subarray(layer * bins, (layer + 1) * bins);
      const [count, given, found] = [counts, predicted, observed].map(part);
      const most = Math.max(1, ...count);
      const dots = [];
      count.forEach((inputs, bin) => {
        if (!inputs) return;
        const dot = svg("circle", { cx: SIZE * given[bin], cy: SIZE * (1 - found[bin]), r: 1.5 + 4.5 * Math.sqrt(inputs / most) });
        const title = svg("title");
        title.textContent = `given ${fixed(given[bin], 2)}, true ${fixed(found[bin], 2)} of ${inputs}`;
        dot.append(title);
        dots.push(dot);
      });
      points.replaceChildren(...dots);
      MEASURES.forEach(([key, , write], place) => setText(values[place], write(pane.arrays[key].data[layer])));
    });
    setText(this.reading, pane.shortcut);
    this.fill.style.width = `${Math.max(0, Math.min(1, 2 * pane.auc - 1)) * 100}%`;
    setAttribute(this.meter, "aria-valuenow", pane.auc.toFixed(2));
    this.describe(() => this.cells.map(({ values }, layer) => `layer ${layer + 1}: `
      + MEASURES.map(([, name], place) => `${name} ${values[place].textContent}`).join(", ")).join("; "));
  }

  build(layers) {
    this.cells = Array.from({ length: layers }, (_, layer) => {
      const element = html("div", "ff-diagnosis");
      const picture = svg("svg", { class: "ff-reliability", viewBox: `-7 -7 ${SIZE + 14} ${SIZE + 14}`, "aria-hidden": "true" });
      const points = svg("g", { class: "ff-bins" });
      picture.append(
        svg("rect", { width: SIZE, height: SIZE, class: "ff-box" }), svg("path", { d: `M0 ${SIZE}L${SIZE} 0`, class: "ff-ideal" }), points,
      );
      const list = html("dl", "ff-words");
      const values = MEASURES.map(([, name, , tip]) => {
        const value = html("dd", "", "–");
        const term = html("dt", "", name);
        term.title = tip;
        list.append(term, value);
        return value;
      });
      const side = html("div");
      side.append(html("b", "", `layer ${layer + 1}`), list);
      element.append(picture, side);
      return { element, points, values };
    });
    this.layers.replaceChildren(...this.cells.map(({ element }) => element));
  }
}
