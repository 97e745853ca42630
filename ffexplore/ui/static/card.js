// One variant of several: its label, what it is judged by over time, and the histograms of each layer, small.

import { outline } from "./bars.js";
import { describeSlowly, html, set, setText, svg } from "./dom.js";
import { rowOf, valueOf } from "./frame.js";
import { decimalsFor, fixed, percent, plural, roundUp, short } from "./numbers.js";

export const CURVE = 52; // pixels
const BARS = 46;
const AXIS = 13; // room for the ends of the axis and the threshold's value

export class Card {
  // `choose()` goes on with this variant.
  constructor(variant, signal, choose) {
    this.variant = variant;
    this.element = html("section", "ff-card");
    this.element.dataset.variant = `${variant}`;
    this.element.setAttribute("role", "group");
    this.head = html("header", "ff-card-head");
    this.label = html("h4", "ff-card-label");
    this.badge = html("span", "ff-badge");
    this.head.append(this.label, this.badge);
    this.value = html("div", "ff-card-value");
    this.curve = svg("svg", { class: "ff-picture", "aria-hidden": "true" });
    this.frame = svg("path", { class: "ff-grid" });
    this.others = svg("path", { class: "ff-curve ff-others" });
    this.own = svg("path", { class: "ff-curve ff-own" });
    this.dot = svg("circle", { class: "ff-own-end", r: 2.5 });
    this.curve.append(this.frame, this.others, this.own, this.dot);
    this.layers = html("div", "ff-card-layers");
    this.problem = html("p", "ff-card-problem");
    this.button = html("button", "ff-button ff-choose", "Choose");
    this.button.type = "button";
    this.button.addEventListener("click", choose, { signal });
    this.element.append(this.head, this.value, this.curve, this.layers, this.problem, this.button);
    this.describe = describeSlowly(this.element);
    this.rows = [];
  }

  // What stays as long as the comparison: `field` is the setting, `isPresent` whether the run has this value.
  name(field, label, isPresent) {
    this.title = `${field} ${label}`;
    setText(this.label, label);
    this.label.title = this.title;
    this.isPresent = isPresent;
  }

  build(layers) {
    this.rows = Array.from({ length: layers }, (_, layer) => {
      const element = html("div", "ff-card-layer");
      const caption = html("div", "ff-card-caption");
      const name = html("span", "", `layer ${layer + 1}`);
      const auc = html("span");
      caption.append(name, auc);
      const picture = svg("svg", { class: "ff-picture", "aria-hidden": "true" });
      const parts = {
        positive: svg("path", { class: "ff-positive" }),
        negative: svg("path", { class: "ff-negative" }),
        axis: svg("path", { class: "ff-axis" }),
        theta: svg("path", { class: "ff-card-theta" }),
        labels: svg("g", { class: "ff-tick" }),
      };
      picture.append(...Object.values(parts));
      element.append(caption, picture);
      return { element, auc, picture, ...parts };
    });
    this.layers.replaceChildren(...this.rows.map(({ element }) => element));
  }

  // `pane` is what the kernel sent, `lines` the curves of all: { paths, end } as paths and the last point of each.
  update(pane, width, lines, showsLayers) {
    if (this.rows.length !== pane.widths.length) this.build(pane.widths.length);
    this.problemText = pane.diverged[this.variant] ?? "";
    const isBest = pane.best === this.variant;
    this.element.classList.toggle("ff-best", isBest);
    this.element.classList.toggle("ff-diverged", Boolean(this.problemText));
    setText(this.badge, this.problemText ? "▲ diverged" : this.isPresent ? "as before" : "");
    this.drawCurve(width, lines);
    this.layers.hidden = !showsLayers;
    if (showsLayers) this.rows.forEach((row, layer) => this.drawLayer(row, pane, layer, width));
    this.write(pane);
  }

  drawCurve(width, { paths, end }) {
    set(this.curve, { width, height: CURVE, viewBox: `0 0 ${width} ${CURVE}` });
    set(this.frame, { d: `M0.5 0V${CURVE - 0.5}H${width}` });
    set(this.others, { d: paths.filter((_, other) => other !== this.variant).join("") });
    set(this.own, { d: paths[this.variant] });
    const last = end[this.variant];
    this.dot.style.display = last ? "" : "none";
    if (last) set(this.dot, { cx: last[0], cy: last[1] });
  }

  drawLayer(row, pane, layer, width) {
    const at = (name) => valueOf(pane.arrays[name], this.variant, layer);
    const [low, high, left, right] = ["low", "high", "left", "right"].map(at);
    const height = BARS + AXIS;
    const middle = BARS / 2;
    const counts = rowOf(pane.arrays.counts, this.variant, layer);
    const bins = counts.length / 2;
    set(row.picture, { width, height, viewBox: `0 0 ${width} ${height}` });
    const draw = (path, side, sign) => {
      const y = (count) => middle + (sign * count * (middle - 1)) / 255;
      path.setAttribute("d", outline({ counts: side, low, high }, { left, right, width }, middle, y));
    };
    draw(row.positive, counts.subarray(0, bins), -1);
    draw(row.negative, counts.subarray(bins), 1);
    set(row.axis, { d: `M0 ${middle + 0.5}H${width}M0 ${BARS + 0.5}H${width}` });
    const decimals = Math.min(3, decimalsFor(roundUp((right - left) / 20)));
    this.drawAxis(row, { left, right, theta: at("threshold"), decimals, width });
    setText(row.auc, `AUC ${fixed(at("auc"), 3)}`);
  }

  drawAxis(row, { left, right, theta, decimals, width }) {
    const key = [left, right, theta, width].join();
    if (key === row.key) return;
    row.key = key;
    const place = ((theta - left) / (right - left)) * width;
    const hasTheta = Number.isFinite(theta);
    const x = Math.max(1, Math.min(width - 1, place));
    const arrow = place < 0 ? "← " : place > width ? "→ " : "";
    const words = `${arrow}θ ${short(Number(theta.toPrecision(4))).replace("-", "−")}`;
    const half = 3.2 * words.length;
    const middle = Math.max(half, Math.min(width - half, x));
    row.theta.setAttribute("d", hasTheta && !arrow ? `M${x.toFixed(1)} 0V${BARS}` : "");
    const texts = [[0, "start", fixed(left, decimals)], [width, "end", fixed(right, decimals)]]
      .filter(([at, , text]) => !hasTheta || Math.abs(at - middle) > half + 7 * text.length);
    if (hasTheta) texts.push([middle, "middle", words]);
    row.labels.replaceChildren(...texts.map(([at, anchor, text]) => {
      const label = svg("text", { x: at.toFixed(1), y: BARS + AXIS - 2, "text-anchor": anchor });
      if (anchor === "middle") label.classList.add("ff-card-theta-value");
      label.textContent = text;
      return label;
    }));
  }

  write(pane) {
    const value = pane.arrays.value.data[this.variant];
    setText(this.value, pane.is_share ? `accuracy ${percent(value)}` : `mean AUC ${fixed(value, 3)}`);
    const { problemText } = this;
    this.problem.hidden = !problemText;
    const first = problemText.charAt(0).toUpperCase() + problemText.slice(1);
    setText(this.problem, problemText ? `${first}. It rests with the weights from before; the others go on.` : "");
    this.button.disabled = Boolean(problemText);
    this.button.title = problemText
      ? "Not in use: this variant diverged, so there is nothing to go on with."
      : `Go on with ${this.title} alone, as if it had been set where the comparison began`;
    this.button.setAttribute("aria-label", `Choose ${this.title}`);
    this.describe(() => this.summary(pane));
  }

  summary(pane) {
    const at = (name, layer) => valueOf(pane.arrays[name], this.variant, layer);
    const value = pane.arrays.value.data[this.variant];
    const layers = this.rows.map((_, layer) => {
      const theta = at("threshold", layer);
      const words = Number.isFinite(theta) ? `, threshold ${fixed(theta, 2)}` : "";
      return `layer ${layer + 1}: AUC ${fixed(at("auc", layer), 3)}${words}, `
        + `${plural(at("dead", layer), "dead unit", "dead units")}`;
    });
    const state = this.problemText ? ", diverged" : pane.best === this.variant ? ", the best" : "";
    return `${this.title}${state}: ${pane.measure} ${pane.is_share ? percent(value) : fixed(value, 3)}; ${layers.join("; ")}`;
  }
}
