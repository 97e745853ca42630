// Tells when a person has entered something in a row's box, also the value that stood there already: of that one a
// page's widgets tell the kernel nothing, and a warning about what was refused before would stay.

export function onEntry(el, tell, signal) {
  let edited = null;

  const listen = (name, hear) => document.addEventListener(name, hear, { capture: true, signal });
  listen("input", ({ target }) => {
    if (target.matches(".ffx-row input") && el.closest(".ffx-explorer")?.contains(target)) edited = target;
  });
  // Each of these comes before the box sends its value, so that what the kernel says about that value stays.
  const entered = ({ target }) => {
    if (target !== edited) return;
    edited = null;
    tell();
  };
  listen("change", entered);
  listen("focusout", entered);
  listen("keydown", (event) => { if (event.key === "Enter") entered(event); });
}
