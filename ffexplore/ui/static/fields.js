// Receptive fields: the weights of the first layer's units as pictures, one colour scale for all, 0 in the middle.

import { Asked } from "./asked.js";
import { describeSlowly, html, setAttribute, setText } from "./dom.js";
import { fixed, plural } from "./numbers.js";
import { paint } from "./picture.js";

const POSITIVE = [0, 114, 178];
const NEGATIVE = [213, 94, 0];

export class Fields extends Asked {
  static title = "Receptive fields of layer 1";
  static short = "fields";
  static tip = "What each unit of layer 1 looks for: its weights as a picture";

  constructor(element, legend) {
    super(element, "ff-fields");
    this.cells = [];
    legend.append(html("span", "ff-mark ff-mark-plus", "positive weight"));
    legend.append(html("span", "ff-mark ff-mark-minus", "negative weight"));
    this.meaning = html("span", "");
    legend.append(this.meaning);
    this.content.setAttribute("role", "img");
    this.describe = describeSlowly(this.content);
  }

  update(pane) {
    super.update(pane);
    if (pane.words) setText(this.meaning, "");
  }

  show(pane) {
    const weights = pane.arrays.weights;
    const [count, height, width] = weights.shape;
    if (count !== this.cells.length) this.build(count);
    this.cells.forEach(({ element, canvas, name }, place) => {
      const values = weights.data.subarray(place * height * width, (place + 1) * height * width);
      // Zero is transparent: what shows there is the theme's own ground.
      paint(canvas, height, width, (pixel, out, at) => {
        const value = values[pixel] - 128;
        const [red, green, blue] = value < 0 ? NEGATIVE : POSITIVE;
        out[at] = red;
        out[at + 1] = green;
        out[at + 2] = blue;
        out[at + 3] = (Math.abs(value) / 127) * 255;
      });
      setText(name, `${pane.units[place] + 1}`);
      setAttribute(element, "title", `unit ${pane.units[place] + 1} of ${pane.total}`);
    });
    const which = count < pane.total ? `the strongest ${count} of ${pane.total} units` : plural(count, "unit", "units");
    const label = pane.label_inputs ? `; the first ${pane.label_inputs} pixels read the label` : "";
    setText(this.meaning, `full colour at ±${fixed(pane.limit, pane.limit < 0.1 ? 3 : 2)} · ${which}${label}`);
    this.describe(() => `Weights of ${which} of layer 1 as pictures, strongest first${label}`);
  }

  build(count) {
    this.cells = Array.from({ length: count }, () => {
      const element = html("div", "ff-field");
      const canvas = html("canvas", "ff-pixels");
      const name = html("div", "ff-field-name");
      element.append(canvas, name);
      return { element, canvas, name };
    });
    this.content.replaceChildren(...this.cells.map(({ element }) => element));
  }
}
