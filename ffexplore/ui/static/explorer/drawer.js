// What the drawers below the bar are made of.

export function made(tag, parent, properties = {}) {
  const node = Object.assign(document.createElement(tag), properties);
  parent.append(node);
  return node;
}

// Adds a line with a word in front of it; returns where its parts go.
export function addRow(el, title) {
  const row = made("div", el, { className: "ffx-keep-row" });
  made("span", row, { className: "ffx-keep-title", textContent: title });
  return made("div", row, { className: "ffx-keep-parts" });
}
