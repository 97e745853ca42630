// The board: lays out the panes, draws the latest frame when the browser paints, and tells the kernel what it did.

import { html, setText } from "./dom.js";
import { unpack } from "./frame.js";
import { Backprop } from "./backprop.js";
import { Candidates } from "./candidates.js";
import { Compare } from "./compare.js";
import { Confusion } from "./confusion.js";
import { Curves } from "./curves.js";
import { Diagnostics } from "./diagnostics.js";
import { Draw } from "./draw.js";
import { Fields } from "./fields.js";
import { Gallery } from "./gallery.js";
import { Histograms } from "./histograms.js";
import { Landscape } from "./landscape.js";
import { makeSwitches } from "./switches.js";

const PANES = { // from top to bottom
  histograms: Histograms, curves: Curves, gallery: Gallery, fields: Fields,
  candidates: Candidates, confusion: Confusion, draw: Draw, landscape: Landscape,
  diagnostics: Diagnostics, backprop: Backprop,
};
const REPLACED = ["histograms", "curves"]; // by the variants, while some are compared
const CALM = 500; // ms between two frames for people who asked for reduced motion

class View {
  constructor(model, root, signal) {
    this.model = model;
    this.root = root;
    this.signal = signal;
    this.id = Math.random().toString(36).slice(2, 10);
    this.drawn = 0; // sequence number of the last frame that was drawn
    this.panes = new Map(); // name -> { pane, frame, note, stop }
    this.inSight = new Set();
    this.watcher = new IntersectionObserver((entries) => this.see(entries), { rootMargin: "100px" });
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)");
    model.on("msg:custom", (content, buffers) => this.receive(content, buffers));
    this.switches = makeSwitches(model, PANES, signal);
    this.grid = html("div", "ff-panes");
    root.classList.toggle("ff-slide", model.get("is_slide"));
    this.hint = html("p", "ff-hint", "Every pane is hidden: press a name above to show one.");
    root.append(this.switches.row, this.hint, this.grid);
    for (const trait of ["panes", "is_comparing"]) model.on(`change:${trait}`, () => { this.layOut(); this.hello(); });
    model.on("change:unfit", () => this.showSwitches());
    for (const trait of ["threshold_is_movable", "ranges_can_be_locked", "can_branch"]) {
      model.on(`change:${trait}`, () => this.panes.forEach(({ pane }) => pane.configure?.()));
    }
    document.addEventListener("visibilitychange", () => this.tellPanes(), { signal });
    window.addEventListener("pagehide", () => this.leave(), { signal });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.comeBack(); }, { signal });
    signal.addEventListener("abort", () => this.close());
    this.layOut();
    this.hello();
  }

  // Panes that stay are left alone, so that nothing flickers when another comes or goes.
  layOut() {
    const isComparing = this.model.get("is_comparing");
    const chosen = Object.keys(PANES).filter((name) => this.model.get("panes").includes(name));
    const names = isComparing ? ["compare", ...chosen.filter((name) => !REPLACED.includes(name))] : chosen;
    for (const name of [...this.panes.keys()]) if (!names.includes(name)) this.removePane(name);
    names.forEach((name, place) => {
      if (this.panes.has(name)) return;
      this.grid.insertBefore(this.addPane(name), this.grid.children[place] ?? null);
      this.inSight.add(name); // until the observer knows better
    });
    this.hint.hidden = names.length > 0;
    this.showSwitches();
  }

  showSwitches() {
    this.switches.show(this.model.get("is_comparing") ? REPLACED : []);
  }

  removePane(name) {
    const { frame, stop } = this.panes.get(name);
    stop.abort();
    this.watcher.unobserve(frame);
    frame.remove();
    this.panes.delete(name);
    this.inSight.delete(name);
  }

  addPane(name) {
    const Pane = name === "compare" ? Compare : PANES[name];
    const stop = new AbortController();
    const signal = AbortSignal.any([this.signal, stop.signal]);
    const context = {
      model: this.model, id: this.id, send: (message) => this.send(message), hello: () => this.hello(),
      tell: (message, buffers) => this.send({ kind: "pane", pane: name, ...message }, buffers),
    };
    const frame = html("section", "ff-pane");
    const head = html("header", "ff-head");
    const title = html("h3", "ff-title", Pane.title);
    const legend = html("div", "ff-legend");
    const note = html("p", "ff-note");
    const reason = html("span");
    const rest = html("p", "ff-resting");
    const again = html("button", "ff-button", "Try again");
    const body = html("div", "ff-body");
    note.hidden = rest.hidden = true;
    note.setAttribute("data-lm-suppress-shortcuts", "true");
    again.type = "button";
    again.addEventListener("click", () => this.retry(name), { signal });
    note.append(reason, again);
    frame.dataset.pane = name;
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", Pane.title);
    head.append(title, legend);
    frame.append(head, note, rest, body);
    const entry = { frame, note, reason, rest, body, stop, pane: {}, problem: "" };
    this.panes.set(name, entry);
    try {
      entry.pane = new Pane(body, legend, signal, context);
    } catch (error) {
      this.stopPane(entry, error);
    }
    this.watcher.observe(frame);
    return frame;
  }

  // ---- what the kernel sends

  receive(content, buffers) {
    if (content.kind !== "frame") return;
    const isFirst = !this.waiting;
    this.waiting = { content, buffer: buffers[0] }; // an older one that was not drawn yet is dropped
    if (isFirst) requestAnimationFrame(() => this.draw());
  }

  draw() {
    const { content, buffer } = this.waiting;
    this.waiting = null;
    if (this.signal.aborted) return;
    const panes = unpack(content, buffer);
    for (const [name, data] of Object.entries(panes)) this.drawPane(name, data);
    this.drawn = content.seq;
    this.root.dataset.seq = content.seq;
    // For whoever measures: what was drawn, in the very frame in which it will be painted.
    this.root.dispatchEvent(new CustomEvent("ffexplore:drawn", { bubbles: true, detail: { seq: content.seq, panes } }));
    const tell = () => this.send({ kind: "ack", ...this.state() });
    if (this.stillness.matches) setTimeout(tell, CALM);
    else tell();
  }

  // A pane that failed here is left alone until the person wants it again; one that failed in the kernel may come back.
  drawPane(name, data) {
    const entry = this.panes.get(name);
    if (!entry || entry.problem) return;
    [entry.rest.hidden, entry.body.hidden] = [!data.rests, Boolean(data.rests)];
    setText(entry.rest, data.rests ?? "");
    try {
      if (!data.error && !data.rests) entry.pane.update(data);
    } catch (error) { // one pane must not take the others with it
      this.stopPane(entry, error);
      return;
    }
    this.sayProblem(entry, data.error);
  }

  stopPane(entry, error) {
    console.error(error);
    entry.problem = `${error}`;
    this.sayProblem(entry, entry.problem);
  }

  sayProblem({ note, reason }, problem) {
    note.hidden = !problem;
    if (problem) setText(reason, `This view stopped: ${problem}. Training goes on. `);
  }

  retry(name) {
    if (this.panes.get(name).problem) { // made anew: what is left of it may be half drawn
      this.removePane(name);
      this.layOut();
      this.hello();
    }
    this.send({ kind: "pane", pane: name, retry: true });
  }

  // ---- what the kernel is told

  state() {
    const have = {};
    for (const [name, { pane }] of this.panes) if (pane.have) have[name] = pane.have;
    const panes = document.visibilityState === "visible" ? [...this.inSight] : [];
    return { panes, have, seq: this.drawn };
  }

  send(message, buffers = []) {
    if (this.hasLeft) return; // to the kernel a word from a view that has left would be one of a new view
    try {
      this.model.send({ view: this.id, ...message }, undefined, buffers);
    } catch {
      // The kernel is gone: what is shown stays, and there is nobody to tell.
    }
  }

  hello() {
    this.send({ kind: "hello", ...this.state() });
  }

  see(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.inSight.add(target.dataset.pane);
      else this.inSight.delete(target.dataset.pane);
    }
    this.tellPanes();
  }

  tellPanes() {
    const { panes } = this.state();
    const key = panes.toSorted().join();
    if (key !== this.toldPanes) this.send({ kind: "panes", ...this.state() });
    this.toldPanes = key;
  }

  leave() {
    this.send({ kind: "bye" });
    this.hasLeft = true;
  }

  comeBack() {
    this.hasLeft = false;
    this.hello();
  }

  close() {
    this.watcher.disconnect();
    this.leave();
  }
}

export default {
  render({ model, el }) {
    const stop = new AbortController();
    const root = html("div", "ff-board");
    el.classList.add("ff-host");
    el.append(root);
    new View(model, root, stop.signal);
    return () => stop.abort();
  },
};
