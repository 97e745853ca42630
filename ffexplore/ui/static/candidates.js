// One validation input with its candidate labels; a walk through all inputs, or through the mistakes.

import { Asked } from "./asked.js";
import { describeSlowly, html, setAttribute, setText } from "./dom.js";
import { fixed, plural } from "./numbers.js";
import { paintPixels } from "./picture.js";
import { Verdict } from "./verdict.js";

export class Candidates extends Asked {
  static title = "Candidate labels";
  static short = "candidates";
  static tip = "One validation input, the goodness of each label it could have, and which one is chosen";

  constructor(element, legend, signal, { tell }) {
    super(element, "ff-candidates");
    legend.append(html("span", "ff-mark ff-mark-positive", "right label"));
    legend.append(html("span", "ff-mark ff-mark-negative", "wrong labels"));
    legend.append(html("span", "", "bars: how far above the lowest label"));
    const left = html("div", "ff-candidates-input");
    this.canvas = html("canvas", "ff-pixels");
    this.canvas.setAttribute("role", "img");
    this.values = html("p", "ff-candidates-values");
    this.caption = html("p", "ff-candidates-caption");
    this.walk = html("p", "ff-candidates-caption");
    const bar = html("div", "ff-bar");
    bar.setAttribute("data-lm-suppress-shortcuts", "true");
    const button = (text, title, message) => {
      const made = html("button", "ff-button", text);
      made.type = "button";
      made.title = title;
      made.addEventListener("click", () => tell(message()), { signal });
      bar.append(made);
      return made;
    };
    button("◂", "previous input", () => ({ steps: -1 })).setAttribute("aria-label", "previous input");
    button("▸", "next input", () => ({ steps: 1 })).setAttribute("aria-label", "next input");
    this.only = button("only mistakes", "walk through wrongly classified inputs only", () => (
      { which: this.kind === "all" ? "mistakes" : "all" }
    ));
    left.append(this.canvas, this.values, this.caption, bar, this.walk);
    const right = html("div", "ff-candidates-verdict");
    this.verdict = new Verdict(right);
    this.content.append(left, right);
    this.content.setAttribute("role", "group");
    this.describe = describeSlowly(this.content);
  }

  show(pane) {
    this.kind = pane.kind;
    this.only.setAttribute("aria-pressed", `${pane.kind !== "all"}`);
    setText(this.only, Array.isArray(pane.kind) ? "back to all" : "only mistakes");
    const { image } = pane.arrays;
    this.canvas.hidden = !image;
    this.values.hidden = Boolean(image);
    if (image) paintPixels(this.canvas, image);
    else setText(this.values, this.numbers(pane));
    const caption = `validation input ${pane.row + 1} of ${pane.total}: ${pane.right_name}`;
    setText(this.caption, caption);
    setAttribute(this.canvas, "aria-label", caption);
    setText(this.walk, this.where(pane));
    const outcome = this.verdict.show(pane);
    this.describe(() => `Validation input ${pane.row + 1} of ${pane.total}. ${outcome}. ${this.where(pane)}`);
  }

  numbers({ values, features }) {
    const more = features > values.length ? ` and ${features - values.length} more` : "";
    return values.map((value) => fixed(value, 2)).join(", ") + more;
  }

  where({ kind, of_kind: count, place }) {
    if (kind === "all") return "";
    const what = kind === "mistakes" ? plural(count, "mistake", "mistakes")
      : kind[0] === kind[1] ? `${plural(count, "input", "inputs")} of ${kind[0]}, taken for it`
        : `${plural(count, "input", "inputs")} of ${kind[0]} taken for ${kind[1]}`;
    if (!count) return `There are no ${what.slice(2)} now.`;
    return place < 0 ? `${what} now; this one is none of them any more.` : `${place + 1} of ${what}`;
  }
}
