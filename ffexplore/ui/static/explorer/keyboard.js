// The keyboard, while the focus is inside a panel: play and step on keys that no front end takes, and a comma for a point.

const BUTTONS = { p: "ffx-play", n: "ffx-step" }; // with Alt; a Mac's keyboard types another letter then, but on the same key

export function onKeyboard(el, signal) {
  const panel = () => el.closest(".ffx-explorer");

  document.addEventListener("keydown", (event) => {
    const root = panel();
    if (!root?.contains(event.target) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.altKey) press(root, event);
    else if (event.key === ",") point(event);
  }, { capture: true, signal });

  document.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (!panel()?.contains(event.target) || event.target.type !== "number" || !text.includes(",")) return;
    event.preventDefault();
    document.execCommand("insertText", false, text.trim().replace(",", "."));
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

// A number box drops a comma without a word, so that 1,5 would become 15.
function point(event) {
  if (event.target.type !== "number") return;
  event.preventDefault();
  document.execCommand("insertText", false, ".");
}
