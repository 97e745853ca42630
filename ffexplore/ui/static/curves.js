// Accuracy, separation and loss over time on one axis, with every change marked, and the way back.

import { Chart } from "./chart.js";
import { describeSlowly, html, onSize, set, setText, svg } from "./dom.js";
import { Marks } from "./marks.js";
import { fixed, percent, plural, roundUp, short, ticks } from "./numbers.js";
import { Timeline } from "./timeline.js";
import { addTip } from "./tip.js";
import { makeGroup, makeTraitToggle } from "./toggles.js";

const LEFT = 46;
const RIGHT = 14;
const TOP = 40; // room for the names of changes and a title
const GAP = 26; // between two charts
const BOTTOM = 20;
const PAUSE = 240; // ms between two drawings of what only grows, so that a dragged threshold need not wait for it
const SHARES = [0.44, 0.28, 0.28]; // of the height
const ACCURACIES = [
  { key: "accuracy", name: "goodness per label" },
  { key: "readout_accuracy", name: "read-out" },
];
const BY_LAYER = [
  { key: "auc", name: "AUC", title: "separation (AUC) of layer", isShare: true, decimals: 3 },
  { key: "loss", name: "loss", title: "loss of layer", isShare: false, decimals: 3 },
];

// From the colour of the first layer to that of the last.
function colorOf(layer, layers) {
  const share = layers > 1 ? (100 * layer) / (layers - 1) : 100;
  return `color-mix(in oklab, var(--ff-ink) ${share.toFixed(0)}%, var(--ff-layer))`;
}

export class Curves {
  static title = "Over time";
  static short = "over time";
  static tip = "Accuracy, separation and loss over time, and the way back";

  constructor(element, legend, signal, context) {
    this.context = context;
    this.values = ACCURACIES.map(({ key, name }) => {
      const entry = html("span", `ff-line ff-line-${key}`);
      const value = html("b", "ff-value", "–");
      entry.append(html("span", "", name), value);
      legend.append(entry);
      return value;
    });
    const tip = "Count passes over the training data instead of batches";
    legend.append(makeGroup("Axis", makeTraitToggle(context.model, "counts_epochs", "epochs", tip, signal, () => this.draw())));
    this.charts = [new Chart("accuracy", true, (value) => `${Number((100 * value).toFixed(2))} %`)];
    this.charts.push(...BY_LAYER.map(({ title, isShare }) => new Chart(title, isShare)));
    this.marks = new Marks();
    this.plot = html("div", "ff-plot");
    this.picture = svg("svg", { role: "img", class: "ff-picture" });
    this.axis = svg("path", { class: "ff-axis" });
    this.labels = svg("g", { class: "ff-tick" });
    this.cursor = svg("path", { class: "ff-cursor" });
    this.here = svg("path", { class: "ff-here" });
    this.picture.append(
      this.marks.element, this.axis, this.labels, this.here, this.cursor, ...this.charts.map((chart) => chart.element),
    );
    this.empty = html("div", "ff-empty");
    this.plot.append(this.picture, this.empty);
    this.timeline = new Timeline(signal, context.tell, () => this.drawTimeline());
    element.classList.add("ff-stretch");
    element.append(this.plot, this.timeline.element, this.marks.list);
    this.drawnAt = -Infinity;
    signal.addEventListener("abort", () => clearTimeout(this.timer));
    this.clear();
    this.configure();
    this.describe = describeSlowly(this.picture);
    this.refreshTip = addTip(this.plot, signal, (x) => this.linesAt(x), (found) => this.markStep(found));
    onSize(this.plot, signal, (width, height) => { this.width = width; this.height = height; this.draw(); });
  }

  configure() {
    this.timeline.allowBranches(this.context.model.get("can_branch"));
  }

  clear() {
    this.steps = [];
    this.epochs = [];
    this.accuracies = ACCURACIES.map(() => []);
    this.layers = BY_LAYER.map(() => []); // of each measure a line for each layer
    this.marks.clear();
    this.end = 0;
  }

  // What this view holds already; the kernel sends what follows.
  get have() {
    return { generation: this.generation ?? "", rows: this.steps.length, changes: this.marks.changes.length };
  }

  update(pane) {
    const isOther = pane.generation !== this.generation;
    if (isOther) {
      const { end } = this; // a thinned history is the same curve: the axis stays
      this.clear();
      this.end = end;
      this.generation = pane.generation;
    }
    const { changes } = this.marks;
    if (pane.from > this.steps.length || pane.changes_from > changes.length) {
      this.askAnew(); // a gap
      return;
    }
    changes.splice(pane.changes_from, Infinity, ...pane.changes);
    if (pane.arrays.step && !this.take(pane)) return;
    const { past } = this.timeline;
    this.timeline.update(this.steps, pane.moments ?? [], pane.past ?? null);
    if (past !== this.timeline.past || isOther) {
      this.draw();
      return;
    }
    this.write(); // the status line says the accuracy too
    this.drawSoon();
  }

  drawSoon() {
    const wait = this.drawnAt + PAUSE - performance.now();
    if (wait <= 0) this.draw();
    else this.timer ??= setTimeout(() => this.draw(), wait);
  }

  take({ from, arrays }) {
    const layers = arrays[BY_LAYER[0].key].shape[2];
    if (from && layers !== this.layers[0].length) return this.askAnew(); // the history grew wider
    this.steps.splice(from, Infinity, ...arrays.step.data);
    this.epochs.splice(from, Infinity, ...arrays.epoch.data);
    ACCURACIES.forEach(({ key }, i) => {
      const { data, shape } = arrays[key];
      this.accuracies[i].splice(from, Infinity, ...Array.from({ length: shape[0] }, (_, row) => data[row * shape[1]]));
    });
    BY_LAYER.forEach(({ key }, i) => {
      const { data, shape: [rows, variants, layers] } = arrays[key];
      this.layers[i].length = layers;
      for (let layer = 0; layer < layers; layer++) {
        const values = Array.from({ length: rows }, (_, row) => data[row * variants * layers + layer]);
        (this.layers[i][layer] ??= []).splice(from, Infinity, ...values);
      }
    });
    return true;
  }

  // What is at hand does not go with what came: ask for everything.
  askAnew() {
    this.generation = undefined;
    this.context.hello();
    return false;
  }

  // ---- places

  get countsEpochs() {
    return this.context.model.get("counts_epochs");
  }

  // A step on the axis: itself, or the epoch it lies in.
  at(step) {
    if (!this.countsEpochs) return step;
    const { steps, epochs } = this;
    const row = this.timeline.rowOf(step);
    if (steps[row] === undefined || steps[row] === step) return epochs[row] ?? 0;
    const other = Math.min(steps.length - 1, Math.max(0, steps[row] < step ? row + 1 : row - 1));
    const run = steps[other] - steps[row];
    return run ? epochs[row] + ((step - steps[row]) / run) * (epochs[other] - epochs[row]) : epochs[row];
  }

  x(value) {
    return LEFT + (value / this.end) * (this.width - LEFT - RIGHT);
  }

  // ---- drawing

  draw() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.width) return;
    this.drawnAt = performance.now();
    const least = this.countsEpochs ? 1 : 100;
    const last = (this.countsEpochs ? this.epochs : this.steps).at(-1) ?? 0;
    const isStale = this.endCountsEpochs !== this.countsEpochs || this.end > 8 * Math.max(last, least / 4);
    this.endCountsEpochs = this.countsEpochs;
    if (!this.end || last > this.end || isStale) this.end = roundUp(Math.max(least, last * 1.02), [1, 1.5, 2, 3, 4, 6, 8, 10]);
    set(this.picture, { width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}` });
    this.drawAxis();
    this.drawCharts();
    const box = { left: LEFT, right: this.width, top: TOP - 14, bottom: this.height - BOTTOM };
    this.marks.draw(`${this.axisKey} ${this.generation}`, (step) => this.x(this.at(step)), box);
    this.drawTimeline();
    this.write();
    this.refreshTip();
  }

  drawCharts() {
    const places = (this.countsEpochs ? this.epochs : this.steps).map((value) => this.x(value));
    const room = this.height - TOP - BOTTOM - GAP * (SHARES.length - 1);
    const lines = [
      ACCURACIES.map(({ key }, i) => ({ values: this.accuracies[i], className: `ff-curve-${key}` })),
      ...this.layers.map((layers) => layers.map((values, layer) => ({
        values, className: "ff-curve-layer", color: colorOf(layer, layers.length), number: layer + 1,
      }))),
    ];
    let top = TOP;
    this.charts.forEach((chart, i) => {
      const bottom = Math.round(top + SHARES[i] * room);
      chart.draw({ left: LEFT, right: this.width - RIGHT, top, bottom }, places, lines[i]);
      top = bottom + GAP;
    });
    this.empty.style.top = `${TOP}px`;
    this.empty.style.height = `${Math.round(SHARES[0] * room)}px`;
  }

  drawAxis() {
    const key = `${this.end} ${this.width} ${this.height} ${this.countsEpochs}`;
    if (key === this.axisKey) return;
    this.axisKey = key;
    const bottom = this.height - BOTTOM;
    const right = this.width - RIGHT;
    let axis = `M${LEFT} ${bottom + 0.5}H${right}`;
    const labels = [];
    for (const value of ticks(0, this.end, (right - LEFT) / 80).values) {
      const x = Math.round(this.x(value)) + 0.5;
      axis += `M${x} ${bottom}v4`;
      const anchor = value === 0 ? "start" : x > right - 12 ? "end" : "middle";
      const label = svg("text", { x: value === 0 ? x - 3 : x, y: bottom + 16, "text-anchor": anchor });
      label.textContent = value === 0 ? `0 ${this.countsEpochs ? "epochs" : "batches"}` : short(value);
      labels.push(label);
    }
    this.axis.setAttribute("d", axis);
    this.labels.replaceChildren(...labels);
  }

  drawTimeline() {
    if (!this.width) return;
    this.timeline.draw((step) => this.x(this.at(step)), this.width);
    const { past } = this.timeline;
    const x = past === null ? null : Math.round(this.x(this.at(past))) + 0.5;
    this.here.setAttribute("d", x === null ? "" : `M${x} ${TOP - 14}V${this.height - BOTTOM}`);
  }

  write() {
    const latest = this.accuracies.map((values) => values.findLast(Number.isFinite) ?? NaN);
    latest.forEach((value, i) => {
      setText(this.values[i], percent(value));
      this.values[i].parentElement.classList.toggle("ff-absent", !Number.isFinite(value));
    });
    const hasRows = this.steps.length > 0;
    this.empty.hidden = latest.some(Number.isFinite);
    setText(this.empty, hasRows ? "no accuracy: it needs labels" : "nothing trained yet");
    this.describe(() => this.summary(latest));
  }

  summary(latest) {
    const { changes } = this.marks;
    const parts = ACCURACIES.map(({ name }, i) => `${name} ${percent(latest[i])}`);
    const layers = this.layers[0].length;
    const which = layers === 1 ? "layer 1" : `layers 1 to ${layers}`;
    const measures = layers ? BY_LAYER.map((measure, i) => `${measure.name} of ${which}: ${this.ofLayers(i, -1)}`) : [];
    const last = changes.length ? `, the last one: ${changes.at(-1)[1]} at batch ${changes.at(-1)[0]}` : "";
    return `Validation accuracy after ${this.steps.at(-1) ?? 0} batches: ${parts.join(", ")}. `
      + measures.map((measure) => `${measure[0].toUpperCase()}${measure.slice(1)}. `).join("")
      + `${plural(changes.length, "change", "changes")} marked${last}`;
  }

  ofLayers(measure, row) {
    return this.layers[measure].map((values) => fixed(values.at(row), BY_LAYER[measure].decimals)).join(" · ");
  }

  // ---- the pointer

  linesAt(pointer) {
    if (!this.steps.length || !this.width || pointer < LEFT - 4) return null;
    const value = ((pointer - LEFT) / (this.width - LEFT - RIGHT)) * this.end;
    const along = this.countsEpochs ? this.epochs : this.steps;
    let row = 0;
    for (let i = 1; i < along.length; i++) if (Math.abs(along[i] - value) <= Math.abs(along[row] - value)) row = i;
    const lines = [{ text: `batch ${this.steps[row]} · epoch ${this.epochs[row].toFixed(1)}` }];
    ACCURACIES.forEach(({ key, name }, i) => {
      const accuracy = this.accuracies[i][row];
      if (Number.isFinite(accuracy)) lines.push({ text: `${name} ${percent(accuracy)}`, mark: key });
    });
    BY_LAYER.forEach(({ name }, i) => lines.push({ text: `${name} ${this.ofLayers(i, row)}`, mark: "layers" }));
    return { x: this.x(along[row]), lines: [...lines, ...this.marks.linesAt(pointer)] };
  }

  markStep(found) {
    this.cursor.setAttribute("d", found ? `M${Math.round(found.x) + 0.5} ${TOP}V${this.height - BOTTOM}` : "");
  }
}
