// The status line: a word, a few figures, and in plain words what happened. Only texts that changed are touched, so
// that a screen reader says each message once and no figure at all.

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

export default {
  render({ model, el }) {
    const stop = new AbortController();
    onKeyboard(el, stop.signal);
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
      place.title = model.get("manner");
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
