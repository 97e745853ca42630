// Small helpers to make elements; nothing here knows what a pane shows.

const SVG = "http://www.w3.org/2000/svg";

export function html(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export function svg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  return element;
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

// Touching the document only where something differs keeps a redraw free of needless layout.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// Calls back with the size in whole pixels, when the element is first laid out and whenever it changes.
export function onSize(element, signal, callback) {
  let known = "";
  const observer = new ResizeObserver((entries) => {
    const { width, height } = entries[entries.length - 1].contentRect;
    const size = [Math.floor(width), Math.floor(height)];
    if (size[0] > 0 && size.join() !== known) {
      known = size.join();
      callback(...size);
    }
  });
  observer.observe(element);
  signal.addEventListener("abort", () => observer.disconnect());
}

// Screen readers should hear a summary, not a stream: each text changes at most once a second, and the last one counts.
export function describeSlowly(element, pause = 1000) {
  let last = -Infinity;
  let timer = 0;
  return (makeText) => {
    clearTimeout(timer);
    const write = () => {
      last = performance.now();
      setAttribute(element, "aria-label", makeText());
    };
    const wait = last + pause - performance.now();
    if (wait <= 0) write();
    else timer = setTimeout(write, wait);
  };
}
