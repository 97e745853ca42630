// Draw a digit: it is made like the data's pictures, and the network says at once what it takes it for.

import { Asked } from "./asked.js";
import { describeSlowly, html, setText } from "./dom.js";
import { Pad } from "./pad.js";
import { paintPixels } from "./picture.js";
import { Verdict } from "./verdict.js";

export class Draw extends Asked {
  static title = "Draw";
  static short = "draw";
  static tip = "Draw a digit and see what the network takes it for, while it learns";

  constructor(element, legend, signal, { tell, id }) {
    super(element, "ff-draw");
    this.id = id;
    legend.append(html("span", "", "bars: how far above the lowest label"));
    this.pad = new Pad(signal, (side, pixels) => {
      this.laid = undefined;
      tell({ drawing: side }, [pixels.buffer]);
    });
    const left = html("div", "ff-draw-left");
    const bar = html("div", "ff-bar");
    bar.setAttribute("data-lm-suppress-shortcuts", "true");
    const clear = html("button", "ff-button", "clear");
    clear.type = "button";
    clear.addEventListener("click", () => { this.pad.clear(); tell({}); }, { signal });
    this.samples = html("select", "ff-select");
    this.samples.setAttribute("aria-label", "class of the sample");
    const another = html("button", "ff-button", "lay a sample");
    another.type = "button";
    another.title = "a validation input of this class; again for another one";
    another.addEventListener("click", () => tell({ sample: Number(this.samples.value) }), { signal });
    bar.append(clear, another, this.samples);
    left.append(this.pad.canvas, bar);
    const middle = html("div", "ff-draw-seen");
    this.seen = html("canvas", "ff-pixels");
    this.seen.setAttribute("role", "img");
    this.seen.setAttribute("aria-label", "what the network gets");
    middle.append(html("p", "ff-candidates-caption", "what the network gets"), this.seen);
    const right = html("div", "ff-candidates-verdict");
    this.invitation = html("p", "ff-pictureless", "Draw a digit on the pad, or lay a sample on it.");
    const shown = html("div");
    this.verdict = new Verdict(shown);
    right.append(this.invitation, shown);
    this.filled = [middle, shown];
    this.content.append(left, middle, right);
    this.content.setAttribute("role", "group");
    this.describe = describeSlowly(this.content);
  }

  show(pane) {
    this.offer(pane.all_names);
    const { image } = pane.arrays;
    this.invitation.hidden = Boolean(image);
    for (const part of this.filled) part.hidden = !image;
    // What was drawn here is on the pad already, and may have gone on since.
    const isNews = pane.sample >= 0 ? pane.sample !== this.laid : pane.author !== this.id;
    if (isNews && !this.pad.isDrawing) {
      if (image) this.pad.lay(image, pane.is_bright);
      else this.pad.clear();
    }
    this.laid = pane.sample >= 0 ? pane.sample : undefined;
    if (!image) {
      this.describe(() => "Drawing pad, empty");
      return;
    }
    paintPixels(this.seen, image);
    const outcome = this.verdict.show(pane);
    this.describe(() => `${pane.sample >= 0 ? "A sample" : "A drawing"}. ${outcome}`);
  }

  offer(names) {
    if (names.join("\n") === this.names) return;
    this.names = names.join("\n");
    this.samples.replaceChildren(...names.map((name, label) => {
      const option = html("option", "", name);
      option.value = `${label}`;
      return option;
    }));
  }
}
