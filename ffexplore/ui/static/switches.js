// A quiet row of toggles: which panes the board shows. The kernel keeps the choice, so every view shows the same. A pane
// that has nothing to show of the present data is offered only while it is shown, so that it can be put away.

import { html } from "./dom.js";
import { makeToggle } from "./toggles.js";

export function makeSwitches(model, panes, signal) {
  const row = html("div", "ff-switches");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "Views");
  row.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take Enter
  const toggles = Object.entries(panes).map(([name, Pane]) => {
    const toggle = makeToggle(Pane.short, Pane.tip, signal, () => {
      const shown = model.get("panes");
      model.set("panes", Object.keys(panes).filter((other) => (other === name) !== shown.includes(other)));
      model.save_changes();
    });
    toggle.button.dataset.switch = name;
    return { name, ...toggle };
  });
  row.append(html("span", "ff-switches-title", "show"), ...toggles.map(({ button }) => button));
  // `replaced` are panes in whose place stands another one now.
  const show = (replaced = []) => toggles.forEach((toggle) => {
    const isReplaced = replaced.includes(toggle.name);
    const isShown = model.get("panes").includes(toggle.name);
    toggle.show(isShown);
    toggle.button.hidden = !isShown && model.get("unfit").includes(toggle.name);
    toggle.button.disabled = isReplaced;
    toggle.button.title = isReplaced ? "Shown of every variant, while they are compared" : panes[toggle.name].tip;
  });
  show();
  return { row, show };
}
