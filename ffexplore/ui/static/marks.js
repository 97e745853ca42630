// The changes a person made, as marks over time: near ones are one mark, numbered, and listed beside the pointer.

import { html, set, svg } from "./dom.js";

const NEAR = 22; // px within which two changes share a mark ...
const WIDEST = 56; // ... that may not grow wider than this
const CLOSE = 7; // px within which the pointer means a mark
const LISTED = 6;
const SHORT = 28; // characters of a name where the whole has no room
const HEARD = 30; // changes that are listed for a screen reader

function cluster(places) {
  const clusters = [];
  places.forEach((x, i) => {
    const last = clusters.at(-1);
    if (last && x - last.end < NEAR && x - last.start < WIDEST) {
      last.end = Math.max(last.end, x);
      last.to = i;
    } else {
      clusters.push({ start: x, end: x, from: i, to: i });
    }
  });
  return clusters;
}

export class Marks {
  constructor() {
    this.element = svg("g");
    this.bands = svg("path", { class: "ff-change-band" });
    this.lines = svg("path", { class: "ff-change" });
    this.names = svg("g", { class: "ff-change-name" });
    this.element.append(this.bands, this.lines, this.names);
    this.list = html("ol", "ff-hidden"); // for those who cannot see the marks
    this.list.setAttribute("aria-label", "Latest changes");
    this.clear();
  }

  clear() {
    this.changes = [];
    this.clusters = [];
  }

  // `place(step)` is a place in pixels; the marks reach from `top` to `bottom`.
  draw(key, place, { left, right, top, bottom }) {
    const all = `${key} ${this.changes.length}`;
    if (all === this.key) return;
    this.key = all;
    this.clusters = cluster(this.changes.map(([step]) => Math.round(place(step)) + 0.5));
    let lines = "";
    let bands = "";
    for (const { start, end } of this.clusters) {
      lines += `M${end} ${top - 4}V${bottom}`; // where all of them are in force
      if (end > start) bands += `M${start} ${top - 6}H${end}`;
    }
    set(this.lines, { d: lines });
    set(this.bands, { d: bands });
    this.names.replaceChildren(...this.makeNames(left, right, top));
    const heard = this.changes.slice(-HEARD).map(([step, text]) => html("li", "", `${text} (batch ${step})`));
    this.list.replaceChildren(...heard);
  }

  // A name where it has room before the next mark, else its beginning, else its number.
  makeNames(left, right, top) {
    const names = [];
    const room = (words) => words.length * 6.2 + 8;
    let free = right;
    for (const { start, end, from, to } of [...this.clusters].reverse()) {
      const [, text] = this.changes[from];
      const number = from === to ? `${from + 1}` : `${from + 1}–${to + 1}`;
      const middle = (start + end) / 2;
      const after = (words) => ({ words, x: start - 2, anchor: "start", from: start - 2, to: start + room(words) });
      const before = (words) => ({ words, x: start, anchor: "end", from: start - room(words), to: start });
      const beginning = text.length > SHORT ? `${text.slice(0, SHORT - 1)}…` : text;
      const words = from === to ? [text, beginning] : [];
      const choices = words.flatMap((each) => (names.length ? [after(each)] : [after(each), before(each)]));
      choices.push({ words: number, x: middle, anchor: "middle", from: middle - room(number) / 2, to: middle + room(number) / 2 });
      const chosen = choices.find((choice) => choice.to <= free && choice.from >= left - 4);
      if (!chosen) continue;
      const label = svg("text", { x: chosen.x, y: top - 9, "text-anchor": chosen.anchor });
      label.textContent = chosen.words;
      names.push(label);
      free = chosen.from;
    }
    return names;
  }

  // What the pointer reads out at a place.
  linesAt(x) {
    const found = this.clusters.find(({ start, end }) => x > start - CLOSE && x < end + CLOSE);
    if (!found) return [];
    const { from, to } = found;
    const first = Math.max(from, to - LISTED + 1);
    const lines = this.changes.slice(first, to + 1).map(([step, text], i) => (
      { text: `${first + i + 1} · ${text} (batch ${step})`, mark: "change" }
    ));
    if (first > from) lines.unshift({ text: `${from + 1}–${first} · ${first - from} more`, mark: "change" });
    return lines;
  }
}
