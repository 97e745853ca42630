// The drawer "Share": the share string, the run as a script, checkpoints, the history and the views as files.

import { addRow, made } from "./drawer.js";
import { pictureOf } from "./picture.js";
import { send } from "./turn.js";

class Drawer {
  constructor(model, el, signal) {
    this.model = model;
    this.el = el;
    this.signal = signal;
    this.id = Math.random().toString(36).slice(2, 10); // of this view: answers to another one are not for it
    el.classList.add("ffx-keep");
    el.setAttribute("role", "group");
    el.setAttribute("aria-label", "Share and keep");
    el.setAttribute("data-lm-suppress-shortcuts", "true"); // the notebook would take letters from a field that is read
    this.addShare();
    this.addFiles();
    this.addViews();
    this.said = made("p", el, { className: "ffx-keep-said" });
    this.said.setAttribute("role", "status");
    this.said.setAttribute("aria-live", "polite");
    this.update = () => this.show();
    model.on("change", this.update);
    this.hear = (content, buffers) => { if (content.view === this.id) this.receive(content, buffers); };
    model.on("msg:custom", this.hear);
    this.show();
  }

  ask(content) {
    send(this.model, { view: this.id, ...content });
  }

  button(parent, textContent, title, press) {
    const button = made("button", parent, { type: "button", className: "jupyter-button ffx-keep-button", textContent, title });
    button.addEventListener("click", press, { signal: this.signal });
    return button;
  }

  addShare() {
    const row = addRow(this.el, "share");
    const label = "Share string: opens a panel like this one, with ff.explore(share=…)";
    this.share = made("input", row, { type: "text", readOnly: true, title: label, className: "ffx-keep-share" });
    this.share.setAttribute("aria-label", "share string");
    // Asked for anew: what was entered just before the click may not have come back yet.
    const ask = (as) => this.ask({ kind: "share", as });
    this.button(row, "Copy", "Copy the share string", () => ask("string"));
    this.link = this.button(row, "Copy link", "Copy the address that opens this panel", () => ask("link"));
    this.button(row, "Copy as Python", "The script of this run: its settings, and every change at its step",
      () => this.ask({ kind: "python" }));
    this.script = made("textarea", this.el, { readOnly: true, rows: 10, hidden: true, className: "ffx-keep-script" });
    this.script.setAttribute("aria-label", "what was copied");
  }

  addFiles() {
    const row = addRow(this.el, "keep");
    this.path = made("input", row, { type: "text", value: "run.json", className: "ffx-keep-path" });
    this.path.title = "A file on the kernel's machine, in its working folder unless a folder is named; ~/ is your home";
    this.path.setAttribute("aria-label", "checkpoint file");
    const ask = (kind) => this.ask({ kind, path: this.path.value });
    this.button(row, "Save", "Write a checkpoint: weights, optimizer, order of the data, settings", () => ask("save"));
    this.button(row, "Load", "Go on, paused, where a checkpoint was written; what is here now is lost", () => ask("load"));
    this.button(row, "History as CSV", "Every measure over time, with every change; in Python: panel.runner.history",
      () => this.ask({ kind: "csv" }));
  }

  addViews() {
    const row = addRow(this.el, "views");
    this.views = made("select", row, { title: "Which view" });
    this.views.setAttribute("aria-label", "view to save");
    this.button(row, "PNG", "The view as it looks now", () => this.savePicture());
    this.html = this.button(row, "HTML", "A page of its own that needs no network, with figures that can be read out",
      () => this.ask({ kind: "page", pane: this.views.value }));
    this.views.addEventListener("change", () => this.show(), { signal: this.signal });
  }

  show() {
    this.el.hidden = !this.model.get("is_open");
    this.share.value = this.model.get("share");
    this.link.hidden = !this.model.get("has_link");
    const names = this.model.get("views");
    const chosen = names.includes(this.views.value) ? this.views.value : names[0];
    this.views.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
    this.html.disabled = !this.model.get("pages").includes(chosen);
  }

  say(text, warns = false) {
    this.said.textContent = text;
    this.said.classList.toggle("ffx-keep-warns", warns);
  }

  // Without a secure context there is no clipboard: then the old way, and if that fails the text stands there, selected.
  async copy(field, what, text = field.value) {
    if (field === this.script) [field.value, field.hidden] = [text, false];
    let isDone = false;
    try {
      await navigator.clipboard.writeText(text);
      isDone = true;
    } catch {
      field.focus();
      field.select();
      isDone = document.execCommand("copy");
    }
    this.say(isDone ? `${what} was copied.` : `${what} is selected: press Ctrl+C, or ⌘C, to copy it.`);
  }

  async savePicture() {
    const name = this.views.value;
    const pane = this.el.closest(".ffx-explorer")?.querySelector(`.ff-pane[data-pane="${name}"]`);
    try {
      if (!pane) throw new Error("the view is not shown");
      this.saveFile(await pictureOf(pane, document.getElementById("ffexplore-board").textContent), `${name}.png`);
    } catch (error) {
      this.say(`No picture of ${name}: ${error.message ?? error}. HTML gives a page instead.`, true);
    }
  }

  saveFile(blob, name) {
    const address = URL.createObjectURL(blob);
    made("a", document.body, { href: address, download: name, hidden: true }).click();
    document.body.lastChild.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    this.say(`${name} was handed to the browser.`);
  }

  copyShare(text, as) {
    this.share.value = text;
    const { origin, pathname } = globalThis.location;
    if (as === "link") this.copy(this.script, "The link", `${origin}${pathname}?share=${text}`);
    else this.copy(this.share, "The share string");
  }

  receive({ kind, text, name, type, warns, as }, buffers) {
    if (kind === "said") this.say(text, warns);
    else if (kind === "share") this.copyShare(text, as);
    else if (kind === "python") this.copy(this.script, "The script", text);
    else if (kind === "file") this.saveFile(new Blob([buffers[0]], { type }), name);
  }
}

export default {
  render({ model, el }) {
    const stop = new AbortController();
    const drawer = new Drawer(model, el, stop.signal);
    return () => {
      model.off("change", drawer.update);
      model.off("msg:custom", drawer.hear);
      stop.abort();
    };
  },
};
