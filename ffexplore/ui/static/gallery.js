// Inputs as the network sees them: a row of positives, the weakest first, above a row of negatives, the strongest first.

import { describeSlowly, html, setAttribute, setText } from "./dom.js";
import { fixed, plural } from "./numbers.js";
import { gridWithWords, paintPixels } from "./picture.js";

const SIDES = ["positive", "negative"];
const ROOMY = 4; // layers up to which each bar has its number beside it

// The label of an input in words: a class, none (-1), or all but class c (-2 - c).
function named(label, kind = "label ") {
  if (label < -1) return `all but ${-2 - label}`;
  return label < 0 ? "no label" : `${kind}${label}`;
}

// The probability as the objective sees it: with the scale that it puts on the distance to the threshold.
function sigmaOf(scale) {
  return scale === 1 ? "σ(g − θ)" : `σ(${Number(scale.toPrecision(3))} (g − θ))`;
}

// One input: its picture, the label in it, and a bar for each layer.
class Input {
  constructor(side) {
    this.side = side;
    this.element = html("div", "ff-input");
    this.canvas = html("canvas", "ff-pixels");
    this.label = html("div", `ff-mark ff-mark-${side} ff-input-label`);
    this.levels = html("div", "ff-levels");
    this.element.append(this.canvas, this.label, this.levels);
    this.bars = [];
  }

  build(layers) {
    this.bars = Array.from({ length: layers }, () => {
      const track = html("div", "ff-level");
      const bar = html("div", `ff-level-bar ff-level-${this.side}`);
      const theta = html("div", "ff-level-theta");
      const value = html("div", "ff-level-value");
      track.append(bar, theta);
      return { track, bar, theta, value };
    });
    this.levels.classList.toggle("ff-many", layers > ROOMY);
    this.levels.replaceChildren(...this.bars.flatMap(({ track, value }) => (layers > ROOMY ? [track] : [track, value])));
  }

  show({ images, row, label, layers }) {
    const side = SIDES.indexOf(this.side);
    const [, count, height, width, channels] = images.shape;
    const size = height * width * channels;
    const key = `${images.id} ${row}`;
    if (key !== this.drawn) {
      this.drawn = key;
      const pixels = images.data.subarray((side * count + row) * size, (side * count + row + 1) * size);
      paintPixels(this.canvas, { data: pixels, shape: [height, width, channels] });
    }
    if (layers.length !== this.bars.length) this.build(layers.length);
    setText(this.label, named(label, ""));
    const facts = layers.map((layer, i) => this.level(this.bars[i], layer, i));
    const written = `${named(label)} written into it`;
    setAttribute(this.element, "title", [`${this.side} input, ${written}`, ...facts].join("\n"));
  }

  level({ bar, theta, value }, { goodness, probability, low, high, threshold }, layer) {
    const share = (x) => `${(100 * Math.max(0, Math.min(1, (x - low) / (high - low)))).toFixed(1)}%`;
    const hasTheta = Number.isFinite(threshold);
    bar.style.width = Number.isFinite(goodness) ? share(goodness) : "0";
    theta.hidden = !hasTheta;
    if (hasTheta) theta.style.left = share(threshold);
    setText(value, fixed(hasTheta ? probability : goodness, 2));
    const sure = hasTheta ? `, positive with probability ${fixed(probability, 3)}` : "";
    return `layer ${layer + 1}: goodness ${fixed(goodness, 3)}${sure}`;
  }
}

// A positive input as training might see it, at the end of its column while there is any jitter.
class Jittered {
  constructor(column) {
    this.column = column;
    this.element = html("div", "ff-input ff-jittered");
    this.canvas = html("canvas", "ff-pixels");
    this.element.append(this.canvas);
    setAttribute(this.element, "title", "The positive input of this column as training might see it: moved, turned, scaled or bent as the settings say, anew each time");
  }

  show(pictures, row) {
    if (!pictures) this.element.remove();
    else if (!this.element.isConnected) this.column.append(this.element);
    if (!pictures || this.drawn === `${pictures.id} ${row}`) return;
    this.drawn = `${pictures.id} ${row}`;
    const [, height, width, channels] = pictures.shape;
    const size = height * width * channels;
    paintPixels(this.canvas, { data: pictures.data.subarray(row * size, (row + 1) * size), shape: [height, width, channels] });
  }
}

export class Gallery {
  static title = "The hardest inputs";
  static short = "gallery";
  static tip = "Positive and negative inputs as pictures, with their goodness";

  constructor(element, legend) {
    this.columns = [];
    legend.append(html("span", "ff-mark ff-mark-positive", "positive, the weakest first"));
    legend.append(html("span", "ff-mark ff-mark-negative", "negative, the strongest first"));
    this.training = html("span", "", "last row: the positive ones as training sees them");
    legend.append(this.training);
    this.meaning = html("span", "ff-mark-level");
    legend.append(this.meaning);
    Object.assign(this, gridWithWords(element, "ff-gallery"));
    this.describe = describeSlowly(this.grid);
  }

  get have() {
    return { pictures: this.images?.id ?? "" };
  }

  update(pane) {
    this.words.hidden = !pane.words;
    this.grid.hidden = Boolean(pane.words);
    setText(this.words, pane.words ?? "");
    if (pane.words) return;
    const { images, jittered, goodness, probability, low, high, threshold } = pane.arrays;
    const held = ({ data, shape }) => ({ id: pane.pictures, data: data.slice(), shape });
    if (images) [this.images, this.jittered] = [held(images), jittered ? held(jittered) : null];
    if (!this.images || this.images.id !== pane.pictures) return; // they come with the next frame
    const [, count, layers] = goodness.shape;
    if (count !== this.columns.length) this.build(count);
    this.training.hidden = !this.jittered;
    this.trained.forEach((each, place) => each.show(this.jittered, pane.order[0][place]));
    this.shown = this.columns.map((column, place) => SIDES.map((side, s) => {
      const row = pane.order[s][place];
      const own = Array.from({ length: layers }, (_, l) => {
        const at = (s * count + row) * layers + l;
        return {
          goodness: goodness.data[at], probability: probability.data[at],
          low: low.data[l], high: high.data[l], threshold: threshold.data[l],
        };
      });
      const input = { images: this.images, row, label: pane.labels[s][row], layers: own };
      column[s].show(input);
      return input;
    }));
    const hasTheta = threshold.data.some(Number.isFinite);
    const numbers = hasTheta ? `bars: goodness; numbers: probability of positive, ${sigmaOf(pane.scale)}` : "bars and numbers: goodness";
    setText(this.meaning, layers > ROOMY ? "bars: goodness" : numbers);
    this.describe(() => this.summary());
  }

  build(count) {
    this.columns = Array.from({ length: count }, () => SIDES.map((side) => new Input(side)));
    this.trained = [];
    this.grid.replaceChildren(...this.columns.map((inputs) => {
      const column = html("div", "ff-column");
      column.append(...inputs.map((input) => input.element));
      this.trained.push(new Jittered(column));
      return column;
    }));
  }

  summary() {
    const total = ({ layers }) => fixed(layers.reduce((sum, { goodness }) => sum + goodness, 0), 2);
    const words = (input) => `${named(input.label)}, goodness ${total(input)}`;
    const [positive, negative] = this.shown[0];
    return `${plural(this.shown.length, "positive and negative input", "positive and negative inputs")} each. `
      + `The weakest positive: ${words(positive)}. The strongest negative: ${words(negative)}.`;
  }
}
