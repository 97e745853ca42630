// Brings a widget its script, which the kernel sends once for all widgets of a kind, and which a page runs once.

const scripts = (globalThis[Symbol.for("ffexplore scripts")] ??= new Map()); // key -> promise of a module

async function scriptOf(model) {
  const kept = await model.widget_manager.get_model(model.get("script").replace("IPY_MODEL_", ""));
  const key = kept.get("key");
  wear(kept.get("name"), key, kept.get("style"));
  if (!scripts.has(key)) {
    const address = URL.createObjectURL(new Blob([kept.get("source")], { type: "text/javascript" }));
    scripts.set(key, import(address).finally(() => URL.revokeObjectURL(address)));
  }
  return (await scripts.get(key)).default;
}

function wear(name, key, style) {
  const id = `ffexplore-${name}`;
  const sheet = document.getElementById(id) ?? Object.assign(document.createElement("style"), { id });
  if (sheet.dataset.key === key || !style) return;
  sheet.dataset.key = key;
  sheet.textContent = style;
  document.head.append(sheet);
}

export default {
  async render(context) {
    const script = await scriptOf(context.model);
    return script.render(context);
  },
};
