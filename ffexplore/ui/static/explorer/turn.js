// What a person does is numbered, so that the kernel takes it in this order, whichever of its threads hears of it.

const pages = (globalThis[Symbol.for("ffexplore turns")] ??= new Map()); // kernel -> how much this page sent to it

export function send(model, content, buffers = []) {
  const kernel = model.get("address").slice(0, 8);
  if (!pages.has(kernel)) pages.set(kernel, { page: Math.random().toString(36).slice(2, 10), sent: 0 });
  const turns = pages.get(kernel);
  model.send({ ...content, turn: [turns.page, turns.sent + 1] }, undefined, buffers);
  turns.sent += 1; // not what could not be sent: the kernel would wait for it
}
