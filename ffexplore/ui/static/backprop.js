// Forward-Forward beside backpropagation: validation accuracy of both over batches, and a small table of costs.

import { describeSlowly, html, onSize, set, setText, svg } from "./dom.js";
import { fixed, percent, roundUp, short, ticks } from "./numbers.js";

const LEFT = 46;
const RIGHT = 14;
const TOP = 10;
const BOTTOM = 34;
const SIDES = [["run", "Forward-Forward"], ["twin", "backpropagation"]];
const ROWS = ["validation accuracy", "batches", "training time", "held for the gradient"];

export class Backprop {
  static title = "Against backpropagation";
  static short = "backprop";
  static tip = "The same network trained by backpropagation beside it; it trains only while this is in sight";

  constructor(element, legend, signal) {
    SIDES.forEach(([key, name]) => {
      const entry = html("span", `ff-line ff-line-${key}`);
      entry.append(html("span", "", name));
      legend.append(entry);
    });
    this.words = html("p", "ff-pictureless");
    this.content = html("div", "ff-race");
    this.plot = html("div", "ff-plot");
    this.picture = svg("svg", { role: "img", class: "ff-picture" });
    this.grid = svg("path", { class: "ff-grid" });
    this.axis = svg("path", { class: "ff-axis" });
    this.labels = svg("g", { class: "ff-tick" });
    this.lines = SIDES.map(([key]) => svg("path", { class: `ff-curve ff-curve-${key}` }));
    this.picture.append(this.grid, this.axis, this.labels, ...this.lines);
    this.plot.append(this.picture);
    this.table = html("table", "ff-figures");
    const head = html("tr");
    head.append(html("th"), ...SIDES.map(([, name]) => html("th", "", name)));
    this.cells = ROWS.map((name) => {
      const row = html("tr");
      const cells = SIDES.map(() => html("td", "", "–"));
      row.append(html("th", "", name), ...cells);
      this.table.append(row);
      return cells;
    });
    this.table.prepend(head);
    this.content.append(this.plot, this.table);
    element.append(this.content, this.words);
    this.describe = describeSlowly(this.picture);
    onSize(this.plot, signal, (width, height) => { this.width = width; this.height = height; this.draw(); });
  }

  get have() {
    return {};
  }

  update(pane) {
    setText(this.words, pane.words ?? "");
    this.words.hidden = !pane.words;
    this.content.hidden = Boolean(pane.words);
    if (pane.words) return;
    this.pane = pane;
    this.draw();
    this.write();
  }

  draw() {
    if (!this.width || !this.pane) return;
    const { arrays, batches } = this.pane;
    const end = roundUp(Math.max(100, ...batches), [1, 1.5, 2, 3, 4, 6, 8, 10]);
    const right = this.width - RIGHT;
    const bottom = this.height - BOTTOM;
    const x = (step) => LEFT + (step / end) * (right - LEFT);
    const y = (share) => TOP + (1 - share) * (bottom - TOP);
    set(this.picture, { width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}` });
    const labels = [];
    const write = (text, at, height, anchor) => {
      const label = svg("text", { x: at, y: height, "text-anchor": anchor });
      label.textContent = text;
      labels.push(label);
    };
    let grid = "";
    for (const value of ticks(0, 100, (bottom - TOP) / 45).values) {
      const height = Math.round(y(value / 100)) + 0.5;
      if (height < bottom) grid += `M${LEFT} ${height}H${right}`;
      write(`${value} %`, LEFT - 6, height + 4, "end");
    }
    let axis = `M${LEFT} ${bottom + 0.5}H${right}`;
    for (const value of ticks(0, end, (right - LEFT) / 80).values) {
      const at = Math.round(x(value)) + 0.5;
      axis += `M${at} ${bottom}v4`;
      write(short(value), at, bottom + 16, at > right - 12 ? "end" : "middle");
    }
    write("batches", (LEFT + right) / 2, this.height - 4, "middle");
    this.grid.setAttribute("d", grid);
    this.axis.setAttribute("d", axis);
    this.labels.replaceChildren(...labels);
    SIDES.forEach(([key], side) => {
      const steps = arrays[`${key}_step`].data;
      const values = arrays[`${key}_accuracy`].data;
      let path = "";
      steps.forEach((step, i) => { path += `${path ? "L" : "M"}${x(step).toFixed(1)} ${y(values[i]).toFixed(1)}`; });
      this.lines[side].setAttribute("d", path);
    });
  }

  write() {
    const { arrays, batches, seconds, held } = this.pane;
    const latest = SIDES.map(([key]) => arrays[`${key}_accuracy`].data.at(-1) ?? NaN);
    SIDES.forEach((_, side) => {
      const texts = [
        percent(latest[side]), `${batches[side]}`, `${fixed(seconds[side], 1)} s`, `${fixed(held[side] / 2 ** 20, 2)} MiB`,
      ];
      texts.forEach((text, row) => setText(this.cells[row][side], text));
    });
    const behind = batches[1] < batches[0] ? `; it catches up: ${batches[1]} of ${batches[0]} batches` : "";
    setText(this.table.rows[3].cells[0], behind ? `training time of ${short(batches[1])} batches` : "training time");
    this.describe(() => `Validation accuracy: Forward-Forward ${percent(latest[0])}, backpropagation ${percent(latest[1])}${behind}`);
  }
}
