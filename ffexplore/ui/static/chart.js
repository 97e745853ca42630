// One chart of several that share an x axis: its scale, which rests, its grid and its lines.

import { set, svg } from "./dom.js";
import { decimalsFor, fixed, roundUp, ticks } from "./numbers.js";

const CLEAR = 14; // pixels between two numbers beside the axis
const FLOORS = [0, 0.5, 0.8, 0.9, 0.95, 0.98]; // where the axis of a share may begin

// The highest floor that leaves the recent values visible; a raised floor comes down at once and goes up with some reserve.
function floorFor(lowest, present) {
  const fits = (floor, reserve) => lowest >= floor + reserve * (1 - floor);
  const best = FLOORS.findLast((floor) => fits(floor, 0.1)) ?? 0;
  if (best > present) return FLOORS.findLast((floor) => fits(floor, 0.25)) ?? 0;
  return fits(present, 0) ? present : best;
}

// Shares end at 1 and begin where the recent ones allow; other numbers begin at 0 and end at a round number.
function scaleFor([least, most], isShare, [low, high], isEarly) {
  if (isShare) return [isEarly ? Math.min(low, least < low ? 0 : low) : floorFor(least, low), 1];
  const mayRest = most <= high && most > 0.35 * high;
  return [Math.min(0, least < low ? -roundUp(-least) : low), mayRest ? high : roundUp(Math.max(most, 1e-6), [1, 1.5, 2, 3, 4, 6, 8, 10])];
}

// Of the later half of the rows; of all of them where that half has no value yet, as shortly after a reset.
function recent(lines) {
  const later = rangeOf(lines, 0.5);
  return later.count ? later : rangeOf(lines, 0);
}

function rangeOf(lines, share) {
  let least = Infinity;
  let most = -Infinity;
  let count = 0;
  for (const { values } of lines) {
    for (let i = Math.floor(share * values.length); i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      least = Math.min(least, values[i]);
      most = Math.max(most, values[i]);
      count++;
    }
  }
  return { range: [least, most], count };
}

export class Chart {
  // `write(value, step)` writes a number beside the axis.
  constructor(title, isShare, write = (value, step) => fixed(value, decimalsFor(step))) {
    this.isShare = isShare;
    this.write = write;
    this.element = svg("g");
    this.grid = svg("path", { class: "ff-grid" });
    this.labels = svg("g", { class: "ff-tick" });
    this.title = svg("text", { class: "ff-chart-title" });
    this.title.append(title);
    this.legend = svg("tspan");
    this.title.append(this.legend);
    this.window = svg("svg", { class: "ff-window" }); // cuts off what a raised floor leaves below
    this.element.append(this.grid, this.labels, this.window, this.title);
    this.paths = [];
    this.clear();
  }

  clear() {
    this.scale = [0, this.isShare ? 1 : 0];
  }

  // `box` is { left, right, top, bottom } in pixels, `lines` are [{ values, className, color, number }].
  draw(box, places, lines) {
    this.box = box;
    const { range, count } = recent(lines);
    if (count) this.scale = scaleFor(range, this.isShare, this.scale, count < 10 * lines.length);
    this.drawAxis();
    while (this.paths.length < lines.length) this.paths.push(this.window.appendChild(svg("path")));
    while (this.paths.length > lines.length) this.paths.pop().remove();
    const { left, right, top, bottom } = box;
    const size = { x: left, y: top - 2, width: right - left + 2, height: bottom - top + 3 };
    set(this.window, { ...size, viewBox: `${left} ${top - 2} ${size.width} ${size.height}` });
    lines.forEach(({ values, className, color }, i) => {
      set(this.paths[i], { d: this.outline(places, values), class: `ff-curve ${className}` });
      this.paths[i].style.stroke = color ?? "";
    });
    this.drawLegend(lines);
  }

  y(value) {
    const [low, high] = this.scale;
    return this.box.top + ((high - value) / (high - low)) * (this.box.bottom - this.box.top);
  }

  outline(places, values) {
    let path = "";
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      path += `${path ? "L" : "M"}${places[i].toFixed(1)} ${this.y(values[i]).toFixed(1)}`;
    }
    return path;
  }

  drawAxis() {
    const { left, right, top, bottom } = this.box;
    const [low, high] = this.scale;
    const key = [left, right, top, bottom, low, high].join();
    if (key === this.axisKey) return;
    this.axisKey = key;
    set(this.title, { x: left, y: top - 6 });
    const { step, values } = high > low ? ticks(low, high, (bottom - top) / 32) : { step: 1, values: [] };
    if (this.isShare && low > 0) { // where it ends must be seen: what was lower is cut off there
      while (this.y(low) - this.y(values[0]) < CLEAR) values.shift();
      values.unshift(low);
    }
    let grid = "";
    this.labels.replaceChildren(...values.map((value) => {
      const y = Math.round(this.y(value)) + 0.5;
      grid += `M${left} ${y}H${right}`;
      const label = svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" });
      label.textContent = this.write(value, step);
      return label;
    }));
    this.grid.setAttribute("d", grid || `M${left} ${bottom + 0.5}H${right}`);
  }

  // The numbers of the layers in the colours of their lines; they would not have room at the ends of these.
  drawLegend(lines) {
    const key = lines.map(({ number }) => number).join();
    if (key === this.legendKey) return;
    this.legendKey = key;
    this.legend.replaceChildren(...lines.filter(({ number }) => number).map(({ number, color }) => {
      const entry = svg("tspan", { dx: 5, class: "ff-layer-number" });
      entry.style.fill = color;
      entry.textContent = `${number}`;
      return entry;
    }));
  }
}
