// The threshold: a line with its value, which can be dragged with the pointer or moved with the arrow keys.

import { html, setAttribute, setText } from "./dom.js";
import { decimalsFor, fixed, roundUp } from "./numbers.js";

const HOLD = 1500; // ms after letting go in which an older value from the kernel must not pull the line back
const PAUSE = 30; // ms between two messages of one drag

export class Threshold {
  // `send(value, isFinal)` carries a new value to the kernel.
  constructor(plot, layer, signal, send) {
    this.send = send;
    this.layer = layer;
    this.value = NaN;
    this.range = [0, 1];
    this.width = 0;
    this.isDragged = false;
    this.heldUntil = 0;
    this.sentAt = -Infinity;
    this.element = html("div", "ff-threshold");
    this.label = html("span", "ff-threshold-label");
    this.element.append(html("span", "ff-threshold-line"), this.label);
    this.element.hidden = true;
    // Lumino would otherwise take the arrow keys for the notebook.
    this.element.setAttribute("data-lm-suppress-shortcuts", "true");
    plot.append(this.element);
    const on = (name, handler) => this.element.addEventListener(name, handler, { signal });
    on("pointerdown", (event) => this.grab(event));
    on("pointermove", (event) => this.drag(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => this.release(event));
    on("keydown", (event) => this.press(event));
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  setMovable(isMovable) {
    if (isMovable === this.isMovable) return;
    this.isMovable = isMovable;
    this.isDragged = false;
    this.element.classList.remove("ff-dragged");
    this.element.classList.toggle("ff-movable", isMovable);
    setAttribute(this.element, "role", isMovable ? "slider" : "img");
    if (isMovable) this.element.tabIndex = 0;
    else this.element.removeAttribute("tabindex");
  }

  // What the kernel says; while the person holds the line, and shortly after, the person is right.
  update(value, low, high, width) {
    this.range = [low, high];
    this.width = width;
    const isHeld = this.isDragged || performance.now() < this.heldUntil;
    const isReached = Math.abs(value - this.value) <= 1e-5 * Math.max(1, Math.abs(value));
    if (isReached && !this.isDragged) this.heldUntil = 0;
    if (!isHeld || Number.isNaN(value)) this.value = value;
    this.draw();
  }

  get isFocused() {
    return this.element.ownerDocument.activeElement === this.element;
  }

  get step() {
    return roundUp((this.range[1] - this.range[0]) / 400);
  }

  draw() {
    const [low, high] = this.range;
    this.element.hidden = !Number.isFinite(this.value);
    if (this.element.hidden) return;
    const share = (this.value - low) / (high - low);
    const x = Math.max(0, Math.min(1, share)) * this.width;
    const arrow = share < 0 ? "← " : share > 1 ? "→ " : "";
    const text = `${arrow}θ = ${fixed(this.value, decimalsFor(this.step))}`;
    this.element.style.transform = `translateX(${x.toFixed(1)}px)`;
    setText(this.label, text);
    const half = 4 * text.length; // about half the label's width; it must not leave the plot
    this.label.style.marginLeft = `${Math.max(0, half - x) - Math.max(0, half - (this.width - x))}px`;
    setAttribute(this.element, "aria-label", `Threshold of layer ${this.layer + 1}`);
    if (!this.isMovable) return;
    setAttribute(this.element, "aria-valuemin", `${low}`);
    setAttribute(this.element, "aria-valuemax", `${high}`);
    setAttribute(this.element, "aria-valuenow", fixed(this.value, decimalsFor(this.step)).replace("−", "-"));
  }

  move(value, isFinal) {
    const [low, high] = this.range;
    const rounded = Math.round(Math.max(low, Math.min(high, value)) / this.step) * this.step;
    this.value = Number(rounded.toFixed(decimalsFor(this.step)));
    this.heldUntil = performance.now() + HOLD;
    this.draw();
    this.tell(isFinal);
  }

  // The first and the last value go at once; in between the kernel gets what it can use.
  tell(isFinal) {
    clearTimeout(this.timer);
    const wait = this.sentAt + PAUSE - performance.now();
    if (!isFinal && wait > 0) {
      this.timer = setTimeout(() => this.tell(false), wait);
      return;
    }
    this.sentAt = performance.now();
    this.send(this.value, isFinal);
  }

  valueAt(event) {
    const box = this.element.parentElement.getBoundingClientRect();
    return this.range[0] + ((event.clientX - box.left - this.offset) / this.width) * (this.range[1] - this.range[0]);
  }

  grab(event) {
    if (!this.isMovable || event.button !== 0) return;
    event.preventDefault(); // no text selection while dragging
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    const box = this.element.parentElement.getBoundingClientRect();
    const [low, high] = this.range;
    const x = Math.max(0, Math.min(1, (this.value - low) / (high - low))) * this.width;
    this.offset = event.clientX - box.left - x; // the line must not jump to the pointer
    this.isDragged = true;
    this.element.classList.add("ff-dragged");
  }

  drag(event) {
    event.stopPropagation(); // no read-out of the histogram under the line
    if (this.isDragged) this.move(this.valueAt(event), false);
  }

  release(event) {
    if (!this.isDragged) return;
    this.isDragged = false;
    this.element.classList.remove("ff-dragged");
    this.move(event.type === "pointercancel" ? this.value : this.valueAt(event), true);
  }

  press(event) {
    const steps = { ArrowLeft: -4, ArrowDown: -4, ArrowRight: 4, ArrowUp: 4, PageDown: -40, PageUp: 40 }[event.key];
    if (!this.isMovable || steps === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(this.value + (event.shiftKey ? steps / 4 : steps) * this.step, true);
  }
}
