// The status line: a word, a few figures, and in plain words what happened. Only texts that changed are touched, so
// that a screen reader says each message once and no figure at all.

import { onEntry } from "./entry.js";
import { onKeyboard } from "./keyboard.js";

function element(name, parent, className, role) {
  const made = document.createElement(name);
  made.className = className;
  if (role) {
    made.setAttribute("role", role);
    made.setAttribute("aria-live", "polite");
  }
  parent.append(made);
  return made;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// ipywidgets gives the tooltip to the label alone, that of a text box to nothing (we send it as a placeholder that is
// not seen), and the slider's handle no name; row and handle get both here, when the pointer or the focus gets there.
function describeRow({ target }) {
  const row = target.closest?.(".ffx-explorer .ffx-row");
  const label = row?.querySelector(".widget-label");
  if (!label) return;
  const box = row.querySelector("input[type=text]");
  const title = label.title || box?.placeholder || "";
  if (row.title !== title) row.title = title;
  if (row.matches(".ffx-number")) box?.setAttribute("inputmode", "decimal"); // of a keyboard on glass
  row.querySelector(".noUi-handle")?.setAttribute("aria-label", label.textContent);
}

export default {
  render({ model, el }) {
    const stop = new AbortController();
    document.addEventListener("pointerover", describeRow, { signal: stop.signal });
    document.addEventListener("focusin", describeRow, { signal: stop.signal });
    onKeyboard(el, stop.signal);
    onEntry(el, () => model.send({ kind: "entered" }), stop.signal);
    el.classList.add("ffx-status");
    const line = element("div", el, "ffx-line");
    const word = element("span", line, "ffx-word", "status");
    const facts = element("span", line, "ffx-facts");
    const place = element("span", line, "ffx-place");
    const message = element("p", el, "ffx-message", "status");
    const draw = () => {
      el.dataset.word = model.get("word");
      el.dataset.tone = model.get("tone");
      setText(word, model.get("word"));
      setText(place, model.get("place"));
      setText(message, model.get("message"));
      const texts = model.get("facts");
      while (facts.children.length > texts.length) facts.lastChild.remove();
      texts.forEach((text, number) => setText(facts.children[number] ?? element("span", facts, "ffx-fact"), text));
    };
    model.on("change", draw);
    draw();
    return () => {
      model.off("change", draw);
      stop.abort();
    };
  },
};
