// The keyboard, while the focus is inside a panel: play and step on keys that no front end takes, and whole numbers that
// go up and down with the arrows.

const BUTTONS = { p: "ffx-play", n: "ffx-step" }; // with Alt; a Mac's keyboard types another letter then, but on the same key

export function onKeyboard(el, signal) {
  const panel = () => el.closest(".ffx-explorer");

  document.addEventListener("keydown", (event) => {
    const root = panel();
    if (!root?.contains(event.target) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.altKey) press(root, event);
    else count(event);
  }, { capture: true, signal });
}

function press(root, event) {
  const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace("Key", "").toLowerCase();
  const button = BUTTONS[letter] && root.querySelector(`.${BUTTONS[letter]}`);
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  if (!event.repeat) button.click();
}

function count(event) {
  const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const { target } = event;
  if (!by || !target.matches(".ffx-whole input") || !/^-?\d+$/.test(target.value.trim())) return;
  event.preventDefault();
  target.value = `${Number(target.value) + by}`;
  target.dispatchEvent(new Event("change", { bubbles: true }));
}
