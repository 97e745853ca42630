// A quiet row of toggles: which panes the board shows. The kernel keeps the choice, so every view shows the same.

import { html, setAttribute } from "./dom.js";

export function makeSwitches(model, panes, signal) {
  const row = html("div", "ff-switches");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "Views");
  row.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take Enter
  const buttons = Object.entries(panes).map(([name, Pane]) => {
    const button = html("button", "ff-switch", Pane.short);
    button.type = "button";
    button.title = Pane.tip;
    button.dataset.switch = name;
    button.addEventListener("click", () => {
      const shown = model.get("panes");
      model.set("panes", Object.keys(panes).filter((other) => (other === name) !== shown.includes(other)));
      model.save_changes();
    }, { signal });
    return button;
  });
  row.append(html("span", "ff-switches-title", "show"), ...buttons);
  const show = () => {
    const shown = model.get("panes");
    for (const button of buttons) setAttribute(button, "aria-pressed", `${shown.includes(button.dataset.switch)}`);
  };
  show();
  return { row, show };
}
