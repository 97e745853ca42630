// What a person sets goes to the kernel, one message at a time, and no older word of the kernel takes it back.

import { send } from "./turn.js";

const PATIENCE = 500; // ms after which the next message does not wait for the answer to the one before

export class Field {
  // `form` is { model, id, signal }, `name` the part's name in the model.
  constructor({ model, id, signal }, name) {
    this.model = model;
    this.id = id;
    this.name = name;
    this.sent = this.answered = 0; // numbers of messages
    this.sentAt = -Infinity;
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  // Whether what the kernel says of the part is said after all that was sent; otherwise the person is right.
  hears({ answers }) {
    if (answers?.[0] === this.id) this.answered = Math.max(this.answered, answers[1]);
    if (this.waiting && this.answered >= this.sent) this.flush();
    return this.answered >= this.sent || performance.now() - this.sentAt > 20 * PATIENCE;
  }

  // Of what comes while an answer is awaited the last alone is sent.
  tell(content) {
    this.waiting = content;
    const wait = this.answered < this.sent ? this.sentAt + PATIENCE - performance.now() : 0;
    if (wait <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), wait);
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting) this.send(this.waiting);
  }

  send(content, buffers = []) {
    this.waiting = undefined;
    this.sentAt = performance.now();
    this.sent += 1;
    try {
      send(this.model, { part: this.name, message: [this.id, this.sent], ...content }, buffers);
    } catch {
      // The kernel is gone: what is shown stays, and there is nobody to tell.
    }
  }
}
