// Small quiet buttons that stay pressed, and a group of them.

import { html, setAttribute } from "./dom.js";

// `press()` is called when the person presses; `show(isPressed)` sets how it looks.
export function makeToggle(text, tip, signal, press) {
  const button = html("button", "ff-switch", text);
  button.type = "button";
  button.title = tip;
  button.addEventListener("click", press, { signal });
  const show = (isPressed) => setAttribute(button, "aria-pressed", `${isPressed}`);
  show(false);
  return { button, show };
}

// A toggle for a trait of the board: the kernel keeps it, so it outlives a reload and is the same in every view.
export function makeTraitToggle(model, trait, text, tip, signal, changed) {
  const { button, show } = makeToggle(text, tip, signal, () => {
    model.set(trait, !model.get(trait));
    model.save_changes();
  });
  const refresh = () => {
    show(model.get(trait));
    changed();
  };
  model.on(`change:${trait}`, refresh);
  signal.addEventListener("abort", () => model.off(`change:${trait}`, refresh));
  show(model.get(trait));
  return button;
}

export function makeGroup(name, ...buttons) {
  const group = html("div", "ff-toggles");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", name);
  group.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take Enter
  group.append(...buttons);
  return group;
}
