// What panes share that show answers of the trainer: words where there is nothing to draw, and each answer once.

import { html, setText } from "./dom.js";

export class Asked {
  constructor(element, className) {
    this.content = html("div", className);
    this.words = html("p", "ff-pictureless");
    this.content.hidden = this.words.hidden = true; // until there is an answer, or words for its lack
    element.append(this.content, this.words);
  }

  get have() {
    return { version: this.version ?? 0 };
  }

  update(pane) {
    // Every view gets what is sent: this one has only just opened, and its own answer comes once its hello is heard.
    if (pane.is_held && pane.version !== this.version) return;
    const isNew = pane.version !== this.version;
    if (pane.words || isNew) {
      setText(this.words, pane.words ?? "");
      this.words.hidden = !pane.words;
      this.content.hidden = Boolean(pane.words);
    }
    this.version = pane.version;
    if (!pane.words && isNew) this.show(pane);
  }
}
