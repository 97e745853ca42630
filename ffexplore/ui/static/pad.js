// A pad for mouse, pen and touch. Ink is kept as opacity, so that the style sheet gives it the theme's colour.

import { html } from "./dom.js";

const SIDE = 280; // pixels of the canvas
const SENT = 112; // pixels of what the kernel gets
const PEN = 22; // thickness, of those 280
const PAUSE = 80; // ms between two drawings on their way

export class Pad {
  // `send(side, pixels)` carries the ink, 0 to 255, to the kernel.
  constructor(signal, send) {
    this.send = send;
    this.sentAt = -Infinity;
    this.canvas = html("canvas", "ff-pad");
    this.canvas.width = this.canvas.height = SIDE;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Drawing pad for mouse, pen or touch. With the keyboard, choose a sample below.");
    this.small = html("canvas");
    this.small.width = this.small.height = SENT;
    this.pen = this.canvas.getContext("2d");
    Object.assign(this.pen, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    const on = (name, handler) => this.canvas.addEventListener(name, handler, { signal });
    on("pointerdown", (event) => this.begin(event));
    on("pointermove", (event) => this.go(event));
    on("pointerup", (event) => this.end(event));
    on("pointercancel", (event) => this.end(event));
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }

  begin(event) {
    if (event.button !== 0 || this.pointer !== undefined) return; // a second finger draws nothing
    event.preventDefault();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.placeOf(event);
    this.go(event);
  }

  go(event) {
    if (event.pointerId !== this.pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    this.pen.beginPath();
    this.pen.moveTo(...this.last);
    for (const each of passed.length ? passed : [event]) this.pen.lineTo(...this.placeOf(each));
    this.pen.stroke();
    this.last = this.placeOf(event);
    this.tell(false);
  }

  end(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.tell(true);
  }

  get isDrawing() {
    return this.pointer !== undefined;
  }

  // The last state always goes; in between the kernel gets what it can use.
  tell(isFinal) {
    clearTimeout(this.timer);
    const wait = this.sentAt + PAUSE - performance.now();
    if (!isFinal && wait > 0) {
      this.timer = setTimeout(() => this.tell(true), wait);
      return;
    }
    this.sentAt = performance.now();
    this.send(SENT, this.ink());
  }

  ink() {
    const pen = this.small.getContext("2d", { willReadFrequently: true });
    pen.clearRect(0, 0, SENT, SENT);
    pen.drawImage(this.canvas, 0, 0, SENT, SENT);
    const { data } = pen.getImageData(0, 0, SENT, SENT);
    return Uint8Array.from({ length: SENT * SENT }, (_, pixel) => data[4 * pixel + 3]);
  }

  clear() {
    clearTimeout(this.timer);
    this.pen.clearRect(0, 0, SIDE, SIDE);
  }

  // Lays a picture (height, width, channels) on the pad, as ink where it is bright, or where it is dark.
  lay({ data, shape: [height, width, channels] }, isBright) {
    this.clear();
    const picture = new ImageData(width, height);
    for (let pixel = 0; pixel < height * width; pixel++) {
      const shade = data[pixel * channels];
      picture.data[4 * pixel + 3] = isBright ? 255 - shade : shade;
    }
    const small = html("canvas");
    small.width = width;
    small.height = height;
    small.getContext("2d").putImageData(picture, 0, 0);
    const scale = Math.min(SIDE / width, SIDE / height);
    this.pen.imageSmoothingEnabled = true;
    this.pen.drawImage(small, (SIDE - scale * width) / 2, (SIDE - scale * height) / 2, scale * width, scale * height);
  }
}
