// The way back: a slider over the recorded moments, with those marked that training can go on from.

import { html, set, setAttribute, setText, svg } from "./dom.js";
import { short } from "./numbers.js";
import { makeGroup } from "./toggles.js";

const HOLD = 1500; // ms in which an older answer from the kernel must not pull the slider back
const PAUSE = 30; // ms between two messages of one drag
const SNAP = 6; // px within which the slider jumps to a kept moment
const STRIDES = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 };

export class Timeline {
  // `tell(message)` carries to the kernel what the person does; `moved()` is called when another moment is meant.
  constructor(signal, tell, moved) {
    this.tell = tell;
    this.moved = moved;
    this.steps = [];
    this.moments = []; // on the way to the present: { number, step, row }
    this.left = null; // what was left behind: { number, step }
    this.past = null; // the step that is shown; null for the present
    this.heldUntil = 0;
    this.sentAt = -Infinity;
    this.element = html("div", "ff-time");
    this.element.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take the arrow keys
    this.track = html("div", "ff-track");
    this.rail = html("div", "ff-rail");
    this.diamonds = svg("svg", { class: "ff-moments", "aria-hidden": "true" });
    this.diamond = this.diamonds.appendChild(svg("path"));
    this.handle = html("div", "ff-handle");
    this.handle.tabIndex = 0;
    this.handle.setAttribute("role", "slider");
    this.handle.setAttribute("aria-label", "Moment that the histograms show");
    this.track.append(this.rail, this.diamonds, this.handle);
    this.element.append(this.track, this.makeRow(signal));
    const on = (name, handler) => this.track.addEventListener(name, handler, { signal });
    on("pointerdown", (event) => this.grab(event));
    on("pointermove", (event) => this.drag(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => this.release(event));
    this.handle.addEventListener("keydown", (event) => this.press(event), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  makeRow(signal) {
    const make = (text, tip, press) => {
      const button = html("button", "ff-button", text);
      button.type = "button";
      button.title = tip;
      button.addEventListener("click", press, { signal });
      return button;
    };
    this.words = html("span", "ff-time-words");
    this.before = make("◂◆", "To the kept moment before", () => this.goToMoment(-1));
    this.after = make("◆▸", "To the kept moment after", () => this.goToMoment(1));
    this.now = make("back to now", "Show the present again", () => this.go(null));
    this.branch = make("go on from here", "", () => this.goOn(this.moment));
    this.comeBack = make("return", "", () => this.goOn(this.left));
    this.branch.classList.add("ff-go-on");
    this.branching = [this.before, this.after, this.branch, this.comeBack];
    const buttons = makeGroup("Way back", this.before, this.after, this.now, this.branch, this.comeBack);
    buttons.classList.add("ff-time-buttons");
    const row = html("div", "ff-time-row");
    row.append(this.words, buttons);
    return row;
  }

  allowBranches(isAllowed) {
    this.branching.forEach((button) => { button.hidden = !isAllowed; });
    this.diamonds.style.display = isAllowed ? "" : "none";
    this.isAllowed = isAllowed;
  }

  // What the kernel says; shortly after the person moved the slider, the person is right.
  update(steps, moments, past) {
    this.steps = steps;
    const all = moments.map(([number, step, fork]) => ({ number, step, fork, row: this.rowOf(step) }));
    this.moments = all.filter(({ fork }) => fork === null);
    this.left = all.find(({ fork }) => fork !== null) ?? null;
    if (past === this.past) this.heldUntil = 0;
    if (!this.isDragged && performance.now() >= this.heldUntil) this.past = past;
    if (this.past > (steps.at(-1) ?? 0)) this.past = null; // the run began anew meanwhile
  }

  // `place(step)` is a place in pixels from the left edge.
  draw(place, width) {
    this.place = place;
    const last = this.steps.at(-1);
    this.element.classList.toggle("ff-idle", last === undefined);
    const start = place(this.steps[0] ?? 0);
    const end = place(last ?? 0);
    this.rail.style.left = `${start}px`;
    this.rail.style.width = `${Math.max(0, end - start)}px`;
    set(this.diamonds, { width, height: 18 });
    this.diamond.setAttribute("d", this.moments.map(({ step }) => `M${place(step).toFixed(1)} 4l5 5l-5 5l-5 -5Z`).join(""));
    this.handle.style.transform = `translateX(${place(this.past ?? last ?? 0).toFixed(1)}px)`;
    this.write(last ?? 0);
  }

  write(last) {
    const isPast = this.past !== null;
    this.element.classList.toggle("ff-is-past", isPast);
    const moment = this.moment;
    setText(this.words, isPast ? `step ${short(this.past)} of ${short(last)}` : `now · step ${short(last)}`);
    this.now.disabled = !isPast;
    this.before.disabled = !this.momentBeside(-1);
    this.after.disabled = !this.momentBeside(1);
    this.branch.disabled = !moment;
    setText(this.branch, moment ? `go on from step ${short(moment.step)}` : "go on from here");
    setAttribute(this.branch, "title", moment
      ? `Take back weights, optimizer and settings of step ${moment.step}; this can be undone`
      : "Weights are kept only at the moments marked ◆");
    this.comeBack.disabled = !this.left;
    setAttribute(this.comeBack, "title", this.left
      ? `Back to step ${this.left.step}, as it was before you went back` : "Nothing was left behind");
    set(this.handle, {
      "aria-valuemin": this.steps[0] ?? 0, "aria-valuemax": last, "aria-valuenow": this.past ?? last,
    });
    const kept = moment ? ", weights kept" : "";
    setAttribute(this.handle, "aria-valuetext", isPast ? `step ${this.past} of ${last}${kept}` : `now, step ${last}`);
  }

  // ---- where it is

  rowOf(step) {
    let low = 0;
    let high = this.steps.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= step) low = middle; else high = middle;
    }
    return Math.abs(this.steps[high] - step) < Math.abs(this.steps[low] - step) ? high : low;
  }

  get row() {
    return this.past === null ? this.steps.length - 1 : this.rowOf(this.past);
  }

  // The kept moment whose histograms are shown, if any.
  get moment() {
    return this.past === null ? null : this.moments.find(({ row }) => row === this.row) ?? null;
  }

  momentBeside(direction) {
    if (!this.isAllowed) return null;
    const { row } = this;
    return direction < 0
      ? this.moments.findLast((moment) => moment.row < row)
      : this.past === null ? null : this.moments.find((moment) => moment.row > row && moment.row < this.steps.length - 1);
  }

  // ---- what the person does

  go(row, isFinal = true) {
    const last = this.steps.length - 1;
    this.past = row === null || row >= last ? null : this.steps[Math.max(0, row)];
    this.heldUntil = performance.now() + HOLD;
    this.moved();
    clearTimeout(this.timer);
    const wait = this.sentAt + PAUSE - performance.now();
    const send = () => {
      this.sentAt = performance.now();
      this.tell({ travel: this.past });
    };
    if (isFinal || wait <= 0) send();
    else this.timer = setTimeout(send, wait);
  }

  goToMoment(direction) {
    const moment = this.momentBeside(direction);
    if (moment) this.go(moment.row);
  }

  goOn(moment) {
    if (!moment) return;
    this.past = null;
    this.moved();
    this.tell({ branch: moment.number });
  }

  rowAt(event) {
    const x = event.clientX - this.track.getBoundingClientRect().left;
    const near = this.isAllowed && this.moments.find(({ step }) => Math.abs(this.place(step) - x) <= SNAP);
    if (near) return near.row;
    const distance = (row) => Math.abs(this.place(this.steps[row]) - x);
    let best = 0;
    for (let row = 1; row < this.steps.length; row++) if (distance(row) <= distance(best)) best = row;
    return best;
  }

  grab(event) {
    if (event.button !== 0 || !this.steps.length) return;
    event.preventDefault(); // no text selection while dragging
    this.handle.focus({ preventScroll: true });
    this.track.setPointerCapture(event.pointerId);
    this.isDragged = true;
    this.go(this.rowAt(event), false);
  }

  drag(event) {
    if (this.isDragged) this.go(this.rowAt(event), false);
  }

  release(event) {
    if (!this.isDragged) return;
    this.isDragged = false;
    this.go(event.type === "pointercancel" ? this.row : this.rowAt(event));
  }

  press(event) {
    const stride = STRIDES[event.key];
    if (stride === undefined || event.ctrlKey || event.metaKey || event.altKey || !this.steps.length) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(this.row + stride);
  }
}
