// Pictures on small canvases; the style sheet enlarges them with crisp pixels.

import { html } from "./dom.js";

// Draws into a canvas of the picture's own size; `shade(pixel, out, at)` writes red, green, blue and alpha.
export function paint(canvas, height, width, shade) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) shade(pixel, image.data, 4 * pixel);
  pen.putImageData(image, 0, 0);
}

// Draws a picture of bytes (height, width, channels), grey or coloured.
export function paintPixels(canvas, { data, shape: [height, width, channels] }) {
  paint(canvas, height, width, (pixel, out, at) => {
    for (let c = 0; c < 3; c++) out[at + c] = data[pixel * channels + (channels >= 3 ? c : 0)];
    out[at + 3] = 255;
  });
}

// An empty grid, and a line of words for where there is nothing to draw.
export function gridWithWords(element, className) {
  const grid = html("div", className);
  const words = html("p", "ff-pictureless");
  grid.setAttribute("role", "img");
  words.hidden = true;
  element.append(grid, words);
  return { grid, words };
}
