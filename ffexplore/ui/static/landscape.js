// The goodness landscape: for each label and layer a map of the plane, with the data, the threshold and the decision.

import { Asked } from "./asked.js";
import { crossing } from "./contour.js";
import { describeSlowly, html, set, setText, svg } from "./dom.js";
import { fixed } from "./numbers.js";
import { paint } from "./picture.js";

const MANY = 3; // labels up to which all of them are shown at once
const MARKS = ["circle", "cross", "square", "plus", "diamond", "triangle"]; // one for each class, then again
const SHAPES = {
  circle: "M-.7 0a.7 .7 0 1 0 1.4 0a.7 .7 0 1 0 -1.4 0",
  cross: "M-.6 -.6l1.2 1.2M-.6 .6l1.2 -1.2",
  square: "M-.6 -.6h1.2v1.2h-1.2z",
  plus: "M-.8 0h1.6M0 -.8v1.6",
  diamond: "M0 -.9l.9 .9l-.9 .9l-.9 -.9z",
  triangle: "M0 -.8l.8 1.4h-1.6z",
};

// The same gray on a light ground and on a dark one; what differs is how much of the ground shows through.
function gray(out, at, alpha) {
  out.fill(120, at, at + 3);
  out[at + 3] = alpha;
}

// One map: a picture of the grid, lines over it, and the data points.
class Plane {
  constructor(title) {
    this.element = html("figure", "ff-plane");
    this.title = html("figcaption", "", title);
    const box = html("div", "ff-plane-box");
    this.canvas = html("canvas", "ff-plane-map");
    this.canvas.setAttribute("aria-hidden", "true"); // the pane as a whole is described in words
    this.lines = svg("svg", { class: "ff-plane-lines", "aria-hidden": "true" });
    this.edge = svg("path", { class: "ff-plane-edge" });
    this.points = svg("g");
    this.lines.append(this.edge, this.points);
    box.append(this.canvas, this.lines);
    this.element.append(this.title, box);
  }

  // `shade(pixel, out, at)` paints a point of the grid, whose rows go up in the data and down on the canvas.
  show(size, shade, edge, points) {
    paint(this.canvas, size, size, (pixel, out, at) => {
      const row = size - 1 - Math.floor(pixel / size);
      shade(row * size + (pixel % size), out, at);
    });
    // Units of the grid's cells, y upwards.
    set(this.lines, { viewBox: `-0.5 ${0.5 - size} ${size} ${size}` });
    set(this.edge, { d: edge, transform: "scale(1 -1)" });
    this.points.replaceChildren(...points.map(({ d, className }) => svg("path", { d, class: className })));
  }
}

export class Landscape extends Asked {
  static title = "Goodness landscape";
  static short = "landscape";
  static tip = "For data with two features: goodness of each label in each layer, all over the plane";

  constructor(element, legend, signal) {
    super(element, "ff-landscape");
    legend.append(html("span", "ff-mark ff-mark-shade", "goodness: fuller is more"));
    this.theta = html("span", "ff-mark ff-mark-theta", "threshold θ");
    legend.append(this.theta);
    this.key = "";
    this.choice = html("select", "ff-select");
    this.choice.setAttribute("aria-label", "label whose goodness is shown");
    this.choice.setAttribute("data-lm-suppress-shortcuts", "true");
    this.choice.addEventListener("change", () => this.show(this.pane), { signal });
    this.maps = html("div", "ff-planes");
    this.content.append(this.choice, this.maps);
    this.content.setAttribute("role", "group");
    this.describe = describeSlowly(this.content);
  }

  show(pane) {
    this.pane = pane;
    const [layers, labels, size] = pane.arrays.shades.shape;
    const key = `${layers} ${labels} ${pane.names.join("\n")}`;
    if (key !== this.key) this.build(pane, layers, labels);
    this.key = key;
    const { shades, chosen, low, high, threshold } = pane.arrays;
    const classes = this.pointsOf(pane, size);
    const wanted = labels > MANY ? [Number(this.choice.value)] : Array.from({ length: labels }, (_, label) => label);
    wanted.forEach((label, row) => this.rows[row].forEach((plane, layer) => {
      const map = shades.data.subarray((layer * labels + label) * size * size, (layer * labels + label + 1) * size * size);
      const level = (255 * (threshold.data[layer] - low.data[layer])) / (high.data[layer] - low.data[layer]);
      const of = pane.has_labels ? ` · ${pane.names[label]}` : "";
      setText(plane.title, `layer ${layer + 1}${of}`);
      plane.element.title = `goodness from ${fixed(low.data[layer], 2)} to ${fixed(high.data[layer], 2)}`;
      plane.show(size, (at, out, to) => {
        gray(out, to, 0.85 * map[at]);
      }, Number.isFinite(level) ? crossing(map, size, level) : "", classes.map(({ d }, each) => ({
        d, className: pane.has_labels && each === label ? "ff-point ff-point-positive" : "ff-point ff-point-negative",
      })));
    }));
    this.theta.hidden = !threshold.data.some(Number.isFinite);
    this.decision.show(size, (at, out, to) => {
      gray(out, to, (110 * chosen.data[at]) / (pane.names.length - 1));
    }, this.borders(pane, size), classes.map(({ d }) => ({ d, className: "ff-point" })));
    this.describe(() => this.summary(pane, size));
  }

  build(pane, layers, labels) {
    const rows = Math.min(labels, labels > MANY ? 1 : labels);
    this.choice.hidden = labels <= MANY;
    this.choice.replaceChildren(...pane.names.map((name, label) => {
      const option = html("option", "", name);
      option.value = `${label}`;
      return option;
    }));
    this.rows = Array.from({ length: rows }, () => Array.from({ length: layers }, () => new Plane("")));
    this.decision = new Plane("decision");
    this.decision.element.classList.add("ff-plane-decision");
    const marks = html("p", "ff-plane-marks");
    marks.append(...pane.names.map((name, label) => {
      const item = html("span", "ff-plane-mark");
      const mark = svg("svg", { viewBox: "-1.2 -1.2 2.4 2.4", "aria-hidden": "true" });
      mark.append(svg("path", { d: SHAPES[MARKS[label % MARKS.length]], class: "ff-point" }));
      item.append(mark, html("span", "", name));
      return item;
    }));
    this.decision.element.append(marks);
    this.maps.style.setProperty("--ff-layers", layers);
    this.maps.replaceChildren(this.decision.element, ...this.rows.flat().map(({ element }) => element));
    this.decision.element.style.setProperty("grid-row", `span ${rows}`);
  }

  // Where a class begins to win: its score minus the best of the others crosses 0, which is sent as 128.
  borders({ arrays: { margins } }, size) {
    const [classes] = margins.shape;
    const maps = Array.from({ length: classes }, (_, c) => margins.data.subarray(c * size * size, (c + 1) * size * size));
    return (classes === 2 ? maps.slice(1) : maps).map((map) => crossing(map, size, 128)).join("");
  }

  // The points of each class as one path, in units of the grid's cells.
  pointsOf({ names, arrays: { points, labels } }, size) {
    const paths = names.map(() => "");
    for (let i = 0; i < labels.data.length; i++) {
      const x = points.data[2 * i] * (size - 1);
      const y = -points.data[2 * i + 1] * (size - 1);
      const shape = SHAPES[MARKS[labels.data[i] % MARKS.length]];
      // the first move is to a place of its own, all others are relative to it
      paths[labels.data[i]] += shape.replaceAll(/M(\S+) (\S+?)(?=[a-z])/g, (_, dx, dy) => (
        `M${(x + Number(dx)).toFixed(2)} ${(y + Number(dy)).toFixed(2)}`
      ));
    }
    return paths.map((d) => ({ d }));
  }

  summary({ names, arrays: { chosen, points, labels } }, size) {
    let right = 0;
    for (let i = 0; i < labels.data.length; i++) {
      const [x, y] = [points.data[2 * i], points.data[2 * i + 1]].map((place) => Math.round(place * (size - 1)));
      right += chosen.data[y * size + x] === labels.data[i];
    }
    const shares = names.map((name, label) => {
      const count = chosen.data.reduce((sum, each) => sum + (each === label), 0);
      return `${name} ${Math.round((100 * count) / chosen.data.length)} percent`;
    });
    return `Of the plane is taken for: ${shares.join(", ")}. ${right} of ${labels.data.length} points lie in the region of their class.`;
  }
}
