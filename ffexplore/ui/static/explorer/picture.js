// A pane of the board as a PNG, in the colours it has on the screen.

const SCALE = 2; // pixels of the picture for each of the page
const BORDER = 12;

// What is drawn stands in an SVG with the board's own style sheet; the browser draws that into a canvas.
export const pictureOf = async (pane, style) => {
  const { width, height } = pane.getBoundingClientRect();
  const host = document.createElement("div");
  host.className = "ff-host";
  const board = document.createElement("div");
  board.className = "ff-board";
  board.style.cssText = `box-sizing: border-box; width: ${width + 2 * BORDER}px; height: ${height + 2 * BORDER}px;`
    + ` padding: ${BORDER}px; margin: 0; background: var(--ff-ground);`;
  const live = getComputedStyle(pane);
  for (const name of new Set(style.match(/--(?:jp|ff)-[\w-]+/g))) {
    const value = live.getPropertyValue(name);
    if (value) board.style.setProperty(name, value);
  }
  const sheet = document.createElement("style");
  sheet.textContent = `${style}\nbutton, input, select { display: none; }`;
  board.append(sheet, copied(pane));
  host.append(board);
  return drawn(host, width + 2 * BORDER, height + 2 * BORDER);
};

function copied(pane) {
  const copy = pane.cloneNode(true);
  const canvases = [...pane.querySelectorAll("canvas")];
  [...copy.querySelectorAll("canvas")].forEach((canvas, number) => {
    const image = document.createElement("img");
    image.src = canvases[number].toDataURL();
    image.className = canvas.className;
    image.style.cssText = canvas.style.cssText;
    canvas.replaceWith(image);
  });
  return copy;
}

async function drawn(host, width, height) {
  const markup = new XMLSerializer().serializeToString(host);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`
    + `<foreignObject width="100%" height="100%">${markup}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SCALE * width, SCALE * height];
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.drawImage(image, 0, 0, width, height);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  if (!blob) throw new Error("the browser gave no picture");
  return blob;
}
