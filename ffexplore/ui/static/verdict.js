// What the network says of one input: a row per candidate label, its goodness in each layer, and what decides.

import { html, setAttribute, setText } from "./dom.js";
import { decimalsFor, fixed } from "./numbers.js";

const ROOMY = 4; // layers up to which each bar has its number beside it

// The length of bars in one column; held until they leave it or use less than half, as in the histograms.
class Scale {
  show(values) {
    this.low = Math.min(...values);
    const spread = Math.max(...values) - this.low;
    if (!(this.top >= spread && 0.4 * this.top <= spread)) this.top = 1.15 * spread;
  }

  share(value) {
    return this.top > 0 ? Math.min(1, (value - this.low) / this.top) : 0;
  }

  get decimals() {
    return this.top > 0 ? Math.min(3, decimalsFor(this.top / 20)) : 2;
  }
}

class Row {
  constructor(columns, withNumbers) {
    this.element = html("tr");
    this.name = html("th", "ff-verdict-name");
    this.name.scope = "row";
    this.cells = Array.from({ length: columns }, () => {
      const cell = html("td");
      const track = html("div", "ff-verdict-track");
      const bar = html("div", "ff-verdict-bar");
      const value = html("span", withNumbers ? "ff-verdict-value" : "ff-unseen");
      track.append(bar);
      cell.append(track, value);
      return { cell, bar, value };
    });
    this.mark = html("td", "ff-verdict-mark");
    this.element.append(this.name, ...this.cells.map(({ cell }) => cell), this.mark);
  }

  show({ name, values, scales, decimals, counted, isRight, isChosen, isKnown }) {
    const side = !isKnown ? "unknown" : isRight ? "positive" : "negative";
    setText(this.name, name);
    setAttribute(this.name, "title", name);
    setAttribute(this.element, "class", `ff-verdict-${side}${isChosen ? " ff-chosen" : ""}`);
    this.cells.forEach(({ cell, bar, value }, column) => {
      bar.style.width = `${(100 * scales[column].share(values[column])).toFixed(1)}%`;
      setText(value, fixed(values[column], decimals));
      cell.classList.toggle("ff-idle", !counted[column]);
    });
    setText(this.mark, isChosen ? (isRight ? "✓ chosen, right" : isKnown ? "✗ chosen" : "◂ chosen") : isRight ? "✓ right" : "");
  }
}

export class Verdict {
  constructor(element) {
    this.table = html("table", "ff-verdict");
    this.head = html("thead");
    this.body = html("tbody");
    this.basis = html("p", "ff-verdict-basis");
    this.table.append(this.head, this.body);
    element.append(this.table, this.basis);
    this.key = "";
  }

  // `pane` as pack_verdict wrote it; returns a sentence that tells the outcome.
  show(pane) {
    const { goodness, scores } = pane.arrays;
    const count = pane.labels.length;
    const layers = goodness.data.some(Number.isFinite) ? goodness.shape[0] : 0;
    const key = `${layers} ${count}`;
    if (key !== this.key) this.build(layers, count);
    this.key = key;
    const longest = Math.max(...pane.names.map((name) => name.length));
    this.table.style.setProperty("--ff-name", `${Math.min(120, 12 + 7 * longest)}px`);
    const columns = Array.from({ length: layers }, (_, l) => goodness.data.subarray(l * count, (l + 1) * count));
    columns.push(scores.data);
    columns.forEach((values, column) => this.scales[column].show(values));
    const decimals = Math.max(...this.scales.map((scale) => scale.decimals));
    const counted = [...pane.counted.slice(0, layers), true];
    this.heads.forEach((head, column) => head.classList.toggle("ff-idle", !counted[column]));
    pane.labels.forEach((label, place) => this.rows[place].show({
      name: pane.names[place],
      values: columns.map((values) => values[place]),
      scales: this.scales,
      decimals,
      counted,
      isRight: label === pane.right,
      isChosen: label === pane.chosen,
      isKnown: pane.right >= 0,
    }));
    const few = count < pane.classes ? `; the ${count} best of ${pane.classes} labels` : "";
    const none = layers ? "" : " No label is written into the input, so there is no goodness of each label.";
    const idle = counted.includes(false) ? "; grey layers do not count" : "";
    setText(this.basis, `It decides by: ${pane.basis}${few}${idle}.${none}`);
    return this.summary(pane);
  }

  build(layers, count) {
    this.scales = Array.from({ length: layers + 1 }, () => new Scale());
    const row = html("tr");
    this.heads = Array.from({ length: layers + 1 }, (_, l) => {
      const head = html("th", "", l < layers ? (layers > ROOMY ? `${l + 1}` : `layer ${l + 1}`) : "decision");
      head.scope = "col";
      return head;
    });
    row.append(html("td"), ...this.heads, html("td"));
    this.head.replaceChildren(row);
    this.rows = Array.from({ length: count }, () => new Row(layers + 1, layers <= ROOMY));
    this.body.replaceChildren(...this.rows.map(({ element }) => element));
  }

  summary(pane) {
    const name = (label) => pane.names[pane.labels.indexOf(label)];
    if (pane.right < 0) return `The network takes it for ${name(pane.chosen)}`;
    if (pane.right === pane.chosen) return `The network takes it for ${name(pane.chosen)}, which is right`;
    return `The network takes it for ${name(pane.chosen)}, but it is ${name(pane.right)}`;
  }
}
