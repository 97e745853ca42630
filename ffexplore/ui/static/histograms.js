// A row per layer: goodness of positive data upwards, of negative data mirrored downwards, the threshold, and words.

import { describeSlowly, html, onSize, set, setText, svg } from "./dom.js";
import { rowOf, valueOf } from "./frame.js";
import { decimalsFor, fixed, plural, ticks } from "./numbers.js";
import { Threshold } from "./threshold.js";
import { addTip } from "./tip.js";

const TOP = 20; // room for the threshold's label
const BOTTOM = 18; // room for the axis

function heightFor(layers) {
  return layers <= 2 ? 148 : layers <= 4 ? 112 : layers <= 6 ? 92 : 76;
}

class Row {
  constructor(layer, signal, context) {
    this.layer = layer;
    this.scale = 0;
    this.width = 0;
    this.element = html("div", "ff-row");
    this.element.dataset.layer = `${layer}`;
    this.title = html("div", "ff-row-title", `layer ${layer + 1}`);
    this.units = html("div", "ff-row-note");
    this.goodness = html("div", "ff-row-note");
    const left = html("div", "ff-row-left");
    left.append(this.title, this.units, this.goodness);

    this.plot = html("div", "ff-plot");
    this.picture = svg("svg", { role: "img", class: "ff-picture" });
    this.bin = svg("rect", { class: "ff-bin" });
    this.positive = svg("path", { class: "ff-positive" });
    this.negative = svg("path", { class: "ff-negative" });
    this.axis = svg("path", { class: "ff-axis" });
    this.labels = svg("g", { class: "ff-tick" });
    this.picture.append(this.bin, this.positive, this.negative, this.axis, this.labels);
    this.plot.append(this.picture);

    this.words = html("dl", "ff-words");
    this.means = this.addWord("mean");
    this.auc = this.addWord("AUC");
    this.dead = this.addWord("dead");
    this.element.append(left, this.plot, this.words);

    this.describe = describeSlowly(this.picture);
    this.threshold = new Threshold(this.plot, layer, signal, (value, isFinal) => {
      context.send({ kind: "threshold", layer, value, final: isFinal });
    });
    this.refreshTip = addTip(this.plot, signal, (x) => this.linesAt(x), (found) => this.markBin(found));
    onSize(this.plot, signal, (width) => { this.width = width; this.draw(); });
  }

  addWord(name) {
    const value = html("dd");
    this.words.append(html("dt", "", name), value);
    return value;
  }

  update(pane, variant, height) {
    const { layer } = this;
    const at = (name) => valueOf(pane.arrays[name], variant, layer);
    this.height = height;
    this.now = {
      width: pane.widths[layer],
      goodness: pane.goodness[layer].replaceAll("_", " "),
      low: at("low"), high: at("high"), threshold: at("threshold"),
      meanPositive: at("mean_positive"), meanNegative: at("mean_negative"), auc: at("auc"), dead: at("dead"),
      positive: rowOf(pane.arrays.positive, variant, layer),
      negative: rowOf(pane.arrays.negative, variant, layer),
    };
    this.draw();
  }

  draw() {
    if (!this.now || !this.width) return;
    const { width, height, now } = this;
    set(this.picture, { width, height, viewBox: `0 0 ${width} ${height}` });
    this.drawBars();
    this.drawAxis();
    this.threshold.update(now.threshold, now.low, now.high, width);
    this.write();
    this.refreshTip();
  }

  get middle() {
    return Math.round((TOP + this.height - BOTTOM) / 2);
  }

  drawBars() {
    const { positive, negative } = this.now;
    let tallest = 1;
    for (let i = 0; i < positive.length; i++) tallest = Math.max(tallest, positive[i], negative[i]);
    // Held until the bars leave it or use less than half of it: a scale that breathes hides what moves.
    if (tallest > this.scale || tallest < 0.5 * this.scale) this.scale = 1.15 * tallest;
    const room = this.middle - TOP;
    this.positive.setAttribute("d", this.outline(positive, -room / this.scale));
    this.negative.setAttribute("d", this.outline(negative, room / this.scale));
  }

  outline(counts, unit) {
    const step = this.width / counts.length;
    let path = `M0 ${this.middle}`;
    let last = this.middle;
    for (let i = 0; i < counts.length; i++) {
      const y = (this.middle + counts[i] * unit).toFixed(1);
      if (y !== last) path += `H${(i * step).toFixed(1)}V${y}`;
      last = y;
    }
    return `${path}H${this.width}V${this.middle}Z`;
  }

  drawAxis() {
    const { now, width, height, middle } = this;
    const key = `${now.low} ${now.high} ${width} ${height}`;
    if (key === this.axisKey) return;
    this.axisKey = key;
    const { step, values } = ticks(now.low, now.high, width / 70);
    const bottom = height - BOTTOM;
    const place = (value) => Math.round(((value - now.low) / (now.high - now.low)) * width) + 0.5;
    let path = `M0 ${middle + 0.5}H${width}M0 ${bottom + 0.5}H${width}`;
    this.labels.replaceChildren();
    for (const value of values) {
      const x = place(value);
      path += `M${x} ${bottom}v4`;
      const anchor = x < 10 ? "start" : x > width - 10 ? "end" : "middle";
      const label = svg("text", { x, y: height - 3, "text-anchor": anchor });
      label.textContent = fixed(value, decimalsFor(step));
      this.labels.append(label);
    }
    this.axis.setAttribute("d", path);
  }

  get decimals() {
    // goodness that is nearly constant would ask for more digits than the column holds
    return Math.min(3, decimalsFor((this.now.high - this.now.low) / 50));
  }

  write() {
    const { now, decimals } = this;
    setText(this.units, plural(now.width, "unit", "units"));
    setText(this.goodness, now.goodness);
    setText(this.means, `▲ ${fixed(now.meanPositive, decimals)}  ▼ ${fixed(now.meanNegative, decimals)}`);
    setText(this.auc, fixed(now.auc, 3));
    setText(this.dead, now.dead ? plural(now.dead, "unit", "units") : "none");
    this.dead.classList.toggle("ff-warn", now.dead > 0.5 * now.width);
    this.describe(() => this.summary());
  }

  summary() {
    const { now, decimals } = this;
    const theta = Number.isFinite(now.threshold) ? `, threshold ${fixed(now.threshold, decimals)}` : "";
    return `Layer ${this.layer + 1}, ${now.goodness} of ${plural(now.width, "unit", "units")}: `
      + `mean ${fixed(now.meanPositive, decimals)} on positive and ${fixed(now.meanNegative, decimals)} on negative data, `
      + `AUC ${fixed(now.auc, 3)}, ${plural(now.dead, "dead unit", "dead units")}${theta}`;
  }

  binAt(x) {
    return Math.min(this.now.positive.length - 1, Math.max(0, Math.floor((x / this.width) * this.now.positive.length)));
  }

  linesAt(x) {
    if (!this.now || !this.width) return null;
    const { low, high, positive, negative } = this.now;
    const bin = this.binAt(x);
    const edge = (i) => fixed(low + ((high - low) * i) / positive.length, this.decimals);
    const from = bin === 0 ? "below" : `${edge(bin)} to`;
    const text = bin === positive.length - 1 ? `above ${edge(bin)}` : `${from} ${edge(bin + 1)}`;
    return {
      x, bin,
      lines: [{ text }, { text: `${positive[bin]}`, mark: "positive" }, { text: `${negative[bin]}`, mark: "negative" }],
    };
  }

  markBin(found) {
    const step = found ? this.width / this.now.positive.length : 0;
    set(this.bin, { x: found ? found.bin * step : 0, width: step, y: TOP, height: this.height ? this.height - TOP - BOTTOM : 0 });
  }
}

export class Histograms {
  static title = "Goodness per layer";
  static short = "histograms";
  static tip = "Goodness of positive and negative data, layer by layer";

  constructor(element, legend, signal, context) {
    this.element = element;
    this.context = context;
    this.signal = signal;
    this.rows = [];
    legend.append(html("span", "ff-mark ff-mark-positive", "positive data"));
    legend.append(html("span", "ff-mark ff-mark-negative", "negative data"));
    element.classList.add("ff-rows");
  }

  update(pane) {
    const layers = pane.widths.length;
    if (layers !== this.rows.length) this.build(layers);
    for (const row of this.rows) row.update(pane, 0, heightFor(layers));
  }

  build(layers) {
    this.stop?.abort();
    this.stop = new AbortController();
    const signal = AbortSignal.any([this.signal, this.stop.signal]);
    this.rows = Array.from({ length: layers }, (_, layer) => new Row(layer, signal, this.context));
    this.element.classList.toggle("ff-compact", layers > 6);
    this.element.style.setProperty("--ff-row-height", `${heightFor(layers)}px`);
    this.element.replaceChildren(...this.rows.map((row) => row.element));
    this.configure();
  }

  configure() {
    const isMovable = this.context.model.get("threshold_is_movable");
    for (const row of this.rows) row.threshold.setMovable(isMovable);
  }
}
