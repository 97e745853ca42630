// The read-out beside the pointer.

import { html } from "./dom.js";

// `linesAt(x)` returns { x, lines } for a place in the plot, or null; the tip asks again whenever the plot is redrawn.
export function addTip(plot, signal, linesAt, onMove = () => {}) {
  const tip = html("div", "ff-tip");
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  plot.append(tip);
  let pointer = null;

  function refresh() {
    const found = pointer === null ? null : linesAt(pointer);
    tip.hidden = found === null;
    onMove(found);
    if (found === null) return;
    tip.replaceChildren(...found.lines.map(({ text, mark }) => {
      const line = html("div", mark ? `ff-mark ff-mark-${mark}` : "", text);
      return line;
    }));
    const room = plot.clientWidth - found.x;
    tip.style.left = room > tip.offsetWidth + 16 ? `${found.x + 10}px` : `${found.x - tip.offsetWidth - 10}px`;
  }

  plot.addEventListener("pointermove", (event) => {
    pointer = event.clientX - plot.getBoundingClientRect().left;
    refresh();
  }, { signal });
  plot.addEventListener("pointerleave", () => { pointer = null; refresh(); }, { signal });
  return refresh;
}
