// One layer: goodness of positive data upwards, of negative data mirrored downwards, the threshold, and words.

import { binWidth, heightOf, outline, roundHeights, shareOutside } from "./bars.js";
import { describeSlowly, html, onSize, set, setText, svg } from "./dom.js";
import { rowOf, valueOf } from "./frame.js";
import { decimalsFor, fixed, percent, plural, short, ticks } from "./numbers.js";
import { Threshold } from "./threshold.js";
import { addTip } from "./tip.js";

const TOP = 20; // room for the threshold's label
const UNSEEN = 0.1; // share of a hill that may lie beyond an axis that rests
const BOTTOM = 18; // room for the axis
const MOST_GHOST = 1.6; // times the bars that a ghost may be high before it is cut off
const LABEL = "AUC of right labels against uniform wrong labels on the same inputs: the same question for all negative data; "
  + "renewed every second or two";

export class Row {
  constructor(layer, signal, context) {
    this.layer = layer;
    this.model = context.model;
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
    this.clip = svg("svg", { class: "ff-ghost" }); // an inner picture cuts off what lies outside of it
    this.ghostPositive = svg("path");
    this.ghostNegative = svg("path");
    this.clip.append(this.ghostPositive, this.ghostNegative);
    this.axis = svg("path", { class: "ff-axis" });
    this.labels = svg("g", { class: "ff-tick" });
    this.heights = svg("g", { class: "ff-tick" });
    this.picture.append(this.bin, this.positive, this.negative, this.clip, this.axis, this.labels, this.heights);
    this.plot.append(this.picture);

    this.words = html("dl", "ff-words");
    this.means = this.addWord("mean");
    this.auc = this.addWord("AUC");
    this.label = this.addWord("label");
    this.labelTerm = this.label.previousSibling;
    for (const part of [this.labelTerm, this.label]) {
      part.classList.add("ff-of-label");
      part.title = LABEL;
    }
    this.overlap = this.addWord("overlap");
    this.dead = this.addWord("dead");
    this.element.append(left, this.plot, this.words);

    this.describe = describeSlowly(this.picture);
    this.threshold = new Threshold(this.plot, layer, signal, (value, isFinal) => {
      context.send({ kind: "threshold", layer, value, final: isFinal });
    });
    this.refreshTip = addTip(this.plot, signal, (x) => this.linesAt(x), (found) => this.markBin(found));
    onSize(this.plot, signal, (width) => { this.width = width; this.draw(); });
    const point = (isPointed) => () => { this.isPointed = isPointed; this.draw(); };
    this.plot.addEventListener("pointerenter", point(true), { signal });
    this.plot.addEventListener("pointerleave", point(false), { signal });
  }

  addWord(name) {
    const value = html("dd");
    this.words.append(html("dt", "", name), value);
    return value;
  }

  update(pane, variant, height, ghost) {
    const { layer } = this;
    const at = (name) => valueOf(pane.arrays[name], variant, layer);
    const sides = (prefix, arrays) => {
      const [low, high] = ["low", "high"].map((name) => valueOf(arrays[prefix + name], variant, layer));
      const side = (name) => ({ counts: rowOf(arrays[prefix + name], variant, layer), low, high });
      return { positive: side("positive"), negative: side("negative") };
    };
    this.height = height;
    const [left, right] = pane.past ? [at("left"), at("right")] : [at("low"), at("high")];
    this.wanted = { left, right, of: `${pane.goodness[layer]} ${pane.past?.step}` };
    this.now = {
      ...sides("", pane.arrays),
      width: pane.widths[layer],
      goodness: pane.goodness[layer].replaceAll("_", " "),
      past: pane.past, threshold: at("threshold"),
      meanPositive: at("mean_positive"), meanNegative: at("mean_negative"),
      auc: at("auc"), label: at("auc_uniform"), overlap: at("overlap"), dead: at("dead"),
    };
    // Another goodness has another axis, so its ghost would say nothing.
    this.ghost = ghost?.goodness[layer] === pane.goodness[layer] ? sides("ghost_", ghost.arrays) : null;
    this.draw();
  }

  draw() {
    if (!this.now || !this.width) return;
    const { width, height, now } = this;
    if (!this.holdsStill) this.axisRange = this.wanted;
    Object.assign(now, { left: this.axisRange.left, right: this.axisRange.right });
    set(this.picture, { width, height, viewBox: `0 0 ${width} ${height}` });
    this.drawBars();
    this.drawAxis();
    this.drawHeights();
    this.threshold.setMovable(this.model.get("threshold_is_movable") && !now.past);
    this.threshold.update(now.threshold, now.left, now.right, width);
    this.write();
    this.refreshTip();
  }

  // Under the pointer and under the keys the axis rests, so that the threshold does not slip away before it is caught,
  // until what is shown leaves the axis: hills that follow a threshold must not go where nobody sees them.
  get holdsStill() {
    const { axisRange, wanted, now, threshold } = this;
    if (axisRange?.of !== wanted.of) return false;
    if (threshold.isDragged) return true;
    const isSeen = !(now.threshold < axisRange.left || now.threshold > axisRange.right);
    return (this.isPointed || threshold.isFocused) && isSeen
      && [now.positive, now.negative].every((side) => shareOutside(side, axisRange) <= UNSEEN);
  }

  get isLogarithmic() {
    return this.model.get("is_logarithmic");
  }

  get middle() {
    return Math.round((TOP + this.height - BOTTOM) / 2);
  }

  // Counts in a height of 1: what the axis of densities is multiplied by, the same for both sides.
  get countsPerUnit() {
    if (!this.model.get("shows_density")) return 1;
    const { positive } = this.now;
    return positive.counts.reduce((sum, count) => sum + count, 0) * binWidth(positive) || 1;
  }

  tallest({ positive, negative }, factor = 1) {
    return heightOf(factor * Math.max(1, ...positive.counts, ...negative.counts), this.isLogarithmic);
  }

  drawBars() {
    const { now, ghost, isLogarithmic, middle } = this;
    // In bins of other widths the same data has other counts; areas can be compared.
    const factor = ghost ? binWidth(now.positive) / binWidth(ghost.positive) : 1;
    let tallest = this.tallest(now);
    if (ghost) tallest = Math.max(tallest, Math.min(this.tallest(ghost, factor), MOST_GHOST * tallest));
    // Held until the bars leave it or use less than half of it: a scale that breathes hides what moves.
    const key = `${isLogarithmic} ${Boolean(ghost)}`;
    if (tallest > this.scale || tallest < 0.5 * this.scale || key !== this.scaleKey) this.scale = 1.15 * tallest;
    this.scaleKey = key;
    const { left, right } = now;
    const y = (sign, times) => (count) => middle + sign * this.reach(times * count);
    const draw = (path, side, sign, times) => {
      path.setAttribute("d", outline(side, { left, right, width: this.width }, middle, y(sign, times)));
    };
    draw(this.positive, now.positive, -1, 1);
    draw(this.negative, now.negative, 1, 1);
    this.clip.style.display = ghost ? "" : "none";
    if (!ghost) return;
    const room = this.height - TOP - BOTTOM;
    set(this.clip, { x: 0, y: TOP, width: this.width, height: room, viewBox: `0 ${TOP} ${this.width} ${room}` });
    draw(this.ghostPositive, ghost.positive, -1, factor);
    draw(this.ghostNegative, ghost.negative, 1, factor);
  }

  // How far a count reaches from the middle, in pixels.
  reach(count) {
    return ((this.middle - TOP) * heightOf(count, this.isLogarithmic)) / this.scale;
  }

  drawHeights() {
    const { scale, isLogarithmic, middle, countsPerUnit } = this;
    const key = `${scale} ${isLogarithmic} ${countsPerUnit} ${middle}`;
    if (key === this.heightsKey) return;
    this.heightsKey = key;
    const most = isLogarithmic ? 10 ** scale - 1 : scale;
    const labels = roundHeights(1 / countsPerUnit, (0.97 * most) / countsPerUnit, isLogarithmic, middle - TOP)
      .flatMap((value) => [-1, 1].map((sign) => {
        const y = middle + sign * this.reach(value * countsPerUnit);
        const label = svg("text", { x: -6, y: (y + 4).toFixed(1), "text-anchor": "end" });
        label.textContent = short(Number(value.toPrecision(2)));
        return label;
      }));
    this.heights.replaceChildren(...labels);
  }

  drawAxis() {
    const { now, width, height, middle } = this;
    const { left, right } = now;
    const key = `${left} ${right} ${width} ${height}`;
    if (key === this.axisKey) return;
    this.axisKey = key;
    const { step, values } = ticks(left, right, width / 70);
    const bottom = height - BOTTOM;
    const place = (value) => Math.round(((value - left) / (right - left)) * width) + 0.5;
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
    return Math.min(3, decimalsFor((this.now.right - this.now.left) / 50));
  }

  write() {
    const { now, decimals } = this;
    setText(this.units, plural(now.width, "unit", "units"));
    setText(this.goodness, now.goodness);
    setText(this.means, `▲ ${fixed(now.meanPositive, decimals)}  ▼ ${fixed(now.meanNegative, decimals)}`);
    setText(this.auc, fixed(now.auc, 3));
    setText(this.label, fixed(now.label, 3));
    this.labelTerm.hidden = this.label.hidden = !Number.isFinite(now.label);
    setText(this.overlap, percent(now.overlap, 0));
    setText(this.dead, now.dead ? plural(now.dead, "unit", "units") : "none");
    this.dead.classList.toggle("ff-warn", now.dead > 0.5 * now.width);
    this.describe(() => this.summary());
  }

  summary() {
    const { now, decimals } = this;
    const theta = Number.isFinite(now.threshold) ? `, threshold ${fixed(now.threshold, decimals)}` : "";
    const label = Number.isFinite(now.label) ? ` (${fixed(now.label, 3)} against wrong labels)` : "";
    const when = now.past ? `At step ${now.past.step}: layer` : "Layer";
    return `${when} ${this.layer + 1}, ${now.goodness} of ${plural(now.width, "unit", "units")}: `
      + `mean ${fixed(now.meanPositive, decimals)} on positive and ${fixed(now.meanNegative, decimals)} on negative data, `
      + `AUC ${fixed(now.auc, 3)}${label}, the two overlap by ${percent(now.overlap, 0)}, `
      + `${plural(now.dead, "dead unit", "dead units")}${theta}`;
  }

  linesAt(x) {
    if (!this.now || !this.width) return null;
    const { left, right, positive, negative } = this.now;
    const { low } = positive;
    const bins = positive.counts.length;
    const wide = binWidth(positive);
    const value = left + ((right - left) * x) / this.width;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - low) / wide)));
    const edge = (i) => fixed(low + i * wide, this.decimals);
    const from = bin === 0 ? "below" : `${edge(bin)} to`;
    const text = bin === bins - 1 ? `above ${edge(bin)}` : `${from} ${edge(bin + 1)}`;
    const unit = this.countsPerUnit;
    const amount = ({ counts }) => (unit === 1 ? `${counts[bin]}` : `${Number((counts[bin] / unit).toPrecision(3))}`);
    return {
      x, bin,
      lines: [{ text }, { text: amount(positive), mark: "positive" }, { text: amount(negative), mark: "negative" }],
    };
  }

  markBin(found) {
    if (!found) {
      set(this.bin, { width: 0, height: 0 });
      return;
    }
    const { left, right, positive } = this.now;
    const scale = this.width / (right - left);
    const wide = binWidth(positive);
    const x = (positive.low + found.bin * wide - left) * scale;
    set(this.bin, { x, width: wide * scale, y: TOP, height: this.height - TOP - BOTTOM });
  }
}
