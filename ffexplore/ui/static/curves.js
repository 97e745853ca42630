// Validation accuracy over time, with every change a person made marked and named.

import { describeSlowly, html, onSize, set, setText, svg } from "./dom.js";
import { percent, roundUp, short, ticks } from "./numbers.js";
import { addTip } from "./tip.js";

const LEFT = 46;
const RIGHT = 14;
const TOP = 22;
const BOTTOM = 34;
const FLOORS = [0, 0.5, 0.8, 0.9, 0.95, 0.98]; // where the axis may begin
const SERIES = [
  { key: "accuracy", name: "goodness per label" },
  { key: "readout_accuracy", name: "read-out" },
];
const CLOSE = 7; // px within which the pointer names a change

// The highest floor that leaves the recent values visible; a raised floor comes down at once and goes up with some reserve.
function floorFor(lowest, present) {
  const fits = (floor, reserve) => lowest >= floor + reserve * (1 - floor);
  const best = FLOORS.findLast((floor) => fits(floor, 0.1)) ?? 0;
  if (best > present) return FLOORS.findLast((floor) => fits(floor, 0.25)) ?? 0;
  return fits(present, 0) ? present : best;
}

export class Curves {
  static title = "Validation accuracy";
  static short = "accuracy";
  static tip = "Validation accuracy over time";

  constructor(element, legend, signal, context) {
    this.context = context;
    this.clear();
    this.values = SERIES.map(({ key, name }) => {
      const entry = html("span", `ff-line ff-line-${key}`);
      const value = html("b", "ff-value", "–");
      entry.append(html("span", "", name), value);
      legend.append(entry);
      return value;
    });
    this.plot = html("div", "ff-plot");
    this.picture = svg("svg", { role: "img", class: "ff-picture" });
    this.grid = svg("path", { class: "ff-grid" });
    this.marks = svg("path", { class: "ff-change" });
    this.axis = svg("path", { class: "ff-axis" });
    this.labels = svg("g", { class: "ff-tick" });
    this.names = svg("g", { class: "ff-change-name" });
    this.lines = SERIES.map(({ key }) => svg("path", { class: `ff-curve ff-curve-${key}` }));
    this.cursor = svg("path", { class: "ff-cursor" });
    // Early values lie below a raised floor; they must not run over the axis.
    const clip = svg("clipPath", { id: `ff-clip-${context.id}` });
    this.window = svg("rect");
    clip.append(this.window);
    const clipped = svg("g", { "clip-path": `url(#ff-clip-${context.id})` });
    clipped.append(...this.lines);
    this.picture.append(clip, this.grid, this.marks, this.axis, this.labels, this.names, this.cursor, clipped);
    this.plot.append(this.picture);
    this.empty = html("div", "ff-empty");
    this.plot.append(this.empty);
    element.classList.add("ff-stretch");
    element.append(this.plot);
    this.describe = describeSlowly(this.picture);
    this.refreshTip = addTip(this.plot, signal, (x) => this.linesAt(x), (found) => this.markStep(found));
    onSize(this.plot, signal, (width, height) => { this.width = width; this.height = height; this.draw(); });
  }

  clear() {
    this.steps = [];
    this.epochs = [];
    this.series = SERIES.map(() => []);
    this.changes = [];
    this.floor = 0;
    this.end = 0;
  }

  // What this view holds already; the kernel sends what follows.
  get have() {
    return { generation: this.generation ?? "", rows: this.steps.length, changes: this.changes.length };
  }

  update(pane) {
    if (pane.generation !== this.generation) {
      const floor = this.floor; // a thinned history is the same curve: the axis stays
      this.clear();
      this.floor = floor;
      this.generation = pane.generation;
    }
    if (pane.from > this.steps.length || pane.changes_from > this.changes.length) {
      this.generation = undefined; // a gap: ask for everything
      this.context.hello();
      return;
    }
    const { step, epoch } = pane.arrays;
    this.changes.splice(pane.changes_from, Infinity, ...pane.changes);
    if (step) {
      this.steps.splice(pane.from, Infinity, ...step.data);
      this.epochs.splice(pane.from, Infinity, ...epoch.data);
      SERIES.forEach(({ key }, i) => {
        const { data, shape } = pane.arrays[key];
        const first = Array.from({ length: shape[0] }, (_, row) => data[row * shape[1]]);
        this.series[i].splice(pane.from, Infinity, ...first);
      });
    }
    this.draw();
  }

  x(step) {
    return LEFT + (step / this.end) * (this.width - LEFT - RIGHT);
  }

  y(value) {
    return TOP + ((1 - value) / (1 - this.floor)) * (this.height - TOP - BOTTOM);
  }

  draw() {
    if (!this.width) return;
    const last = this.steps.at(-1) ?? 0;
    if (!this.end || last > this.end || this.end > 8 * Math.max(last, 25)) this.end = roundUp(Math.max(100, last * 1.02), [1, 1.5, 2, 3, 4, 6, 8, 10]);
    this.chooseFloor();
    set(this.picture, { width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}` });
    set(this.window, { x: LEFT, y: TOP - 2, width: this.width - LEFT, height: this.height - TOP - BOTTOM + 2 });
    this.drawAxis();
    this.drawMarks();
    this.series.forEach((values, i) => this.lines[i].setAttribute("d", this.outline(values)));
    this.write();
    this.refreshTip();
  }

  chooseFloor() {
    let lowest = 1;
    let count = 0;
    for (const values of this.series) {
      for (let i = Math.floor(values.length / 2); i < values.length; i++) {
        if (Number.isFinite(values[i])) { lowest = Math.min(lowest, values[i]); count++; }
      }
    }
    if (count >= 10) this.floor = floorFor(lowest, this.floor);
    else if (!count || lowest < this.floor) this.floor = 0;
  }

  outline(values) {
    let path = "";
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      path += `${path ? "L" : "M"}${this.x(this.steps[i]).toFixed(1)} ${this.y(values[i]).toFixed(1)}`;
    }
    return path;
  }

  drawAxis() {
    const key = `${this.floor} ${this.end} ${this.width} ${this.height}`;
    if (key === this.axisKey) return;
    this.axisKey = key;
    const bottom = this.height - BOTTOM;
    const right = this.width - RIGHT;
    let grid = "";
    const labels = [];
    const write = (text, x, y, anchor) => {
      const label = svg("text", { x, y, "text-anchor": anchor });
      label.textContent = text;
      labels.push(label);
    };
    const vertical = ticks(100 * this.floor, 100, this.height / 45);
    for (const value of vertical.values) {
      const y = Math.round(this.y(value / 100)) + 0.5;
      if (y < bottom) grid += `M${LEFT} ${y}H${right}`;
      write(`${Number(value.toFixed(2))} %`, LEFT - 6, y + 4, "end");
    }
    let axis = `M${LEFT} ${bottom + 0.5}H${right}`;
    for (const value of ticks(0, this.end, (right - LEFT) / 80).values) {
      const x = Math.round(this.x(value)) + 0.5;
      axis += `M${x} ${bottom}v4`;
      write(short(value), x, bottom + 16, x > right - 12 ? "end" : "middle");
    }
    write("batches", (LEFT + right) / 2, this.height - 4, "middle");
    this.grid.setAttribute("d", grid);
    this.axis.setAttribute("d", axis);
    this.labels.replaceChildren(...labels);
  }

  // A name is written where it has room before the next one; the pointer reads out the others.
  drawMarks() {
    const key = `${this.axisKey} ${this.generation} ${this.changes.length}`;
    if (key === this.marksKey) return;
    this.marksKey = key;
    let path = "";
    let free = this.width;
    const names = [];
    let lastX = Infinity;
    for (const [step, text] of [...this.changes].reverse()) {
      const x = Math.round(this.x(step)) + 0.5;
      if (lastX - x < 1) continue;
      path += `M${x} ${TOP - 4}V${this.height - BOTTOM}`;
      const words = text.length > 28 ? `${text.slice(0, 27)}…` : text;
      const room = words.length * 6.2 + 10;
      if (x + room <= free || (names.length === 0 && x - room > LEFT)) {
        const isLeft = x + room > free;
        const label = svg("text", { x: isLeft ? x : x - 2, y: TOP - 9, "text-anchor": isLeft ? "end" : "start" });
        label.textContent = words;
        names.push(label);
        free = isLeft ? x - room : x;
      } else {
        free = Math.min(free, x + room);
      }
      lastX = x;
    }
    this.marks.setAttribute("d", path);
    this.names.replaceChildren(...names);
  }

  write() {
    const latest = this.series.map((values) => values.findLast(Number.isFinite) ?? NaN);
    latest.forEach((value, i) => {
      setText(this.values[i], percent(value));
      this.values[i].parentElement.classList.toggle("ff-absent", !Number.isFinite(value));
    });
    const hasRows = this.steps.length > 0;
    const hasValues = latest.some(Number.isFinite);
    this.empty.hidden = hasValues;
    setText(this.empty, hasRows ? "no accuracy: it needs labels" : "nothing trained yet");
    this.describe(() => {
      const parts = SERIES.map(({ name }, i) => `${name} ${percent(latest[i])}`);
      return `Validation accuracy after ${this.steps.at(-1) ?? 0} batches: ${parts.join(", ")}; `
        + `${this.changes.length} changes marked`;
    });
  }

  nearest(step) {
    let low = 0;
    let high = this.steps.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= step) low = middle; else high = middle;
    }
    return Math.abs(this.steps[high] - step) < Math.abs(this.steps[low] - step) ? high : low;
  }

  linesAt(pointer) {
    if (!this.steps.length || !this.width || pointer < LEFT - 4) return null;
    const row = this.nearest(((pointer - LEFT) / (this.width - LEFT - RIGHT)) * this.end);
    const lines = [{ text: `batch ${this.steps[row]} · epoch ${this.epochs[row].toFixed(1)}` }];
    SERIES.forEach(({ key, name }, i) => {
      if (Number.isFinite(this.series[i][row])) lines.push({ text: `${name} ${percent(this.series[i][row])}`, mark: key });
    });
    const near = this.changes.filter(([step]) => Math.abs(this.x(step) - pointer) < CLOSE);
    for (const [step, text] of near.slice(-4)) lines.push({ text: `${text} (batch ${step})`, mark: "change" });
    return { x: this.x(this.steps[row]), lines };
  }

  markStep(found) {
    this.cursor.setAttribute("d", found ? `M${Math.round(found.x) + 0.5} ${TOP}V${this.height - BOTTOM}` : "");
  }
}
