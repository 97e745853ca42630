// Brings a widget its script, which the kernel sends once for all widgets of a kind, and which a page runs once.

const scripts = (globalThis[Symbol.for("ffexplore scripts")] ??= new Map()); // key -> promise of a module

// Called with the widget's model; the style sheet is put into the page, or replaced by that of a newer kernel.
async function scriptOf({ widget_manager, get }) {
  const kept = await widget_manager.get_model(get("script").replace("IPY_MODEL_", ""));
  const [id, key, style, source] = ["name", "key", "style", "source"].map((name) => kept.get(name));
  const sheet = document.getElementById(`ffexplore-${id}`) ?? document.createElement("style");
  if (style && sheet.dataset.key !== key) {
    Object.assign(sheet, { id: `ffexplore-${id}`, textContent: style });
    sheet.dataset.key = key;
    document.head.append(sheet);
  }
  if (!scripts.has(key)) {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    scripts.set(key, import(address).finally(() => URL.revokeObjectURL(address)));
  }
  return (await scripts.get(key)).default;
}

// anywidget hears no message of a widget whose script was not there within two seconds, as on a machine that is busy
// with opening a page. Then the widget hears by itself, and asks for what it missed.
async function hear({ widget_manager, get }) {
  const own = await widget_manager.get_model(get("address"));
  try {
    await own._handle_comm_msg({ content: { data: {} } });
  } catch {
    const usual = Object.getPrototypeOf(Object.getPrototypeOf(own))._handle_comm_msg;
    own.comm?.on_msg(usual.bind(own));
    own.comm?.send({ method: "request_state" });
  }
}

export default {
  async render(context) {
    hear(context.model);
    return (await scriptOf(context.model)).render(context);
  },
};
