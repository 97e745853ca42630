// A button that takes files of one's own: their size is looked at before a byte is sent, and large ones go in pieces.

const PIECE = 1 << 20; // bytes of a message; a notebook's server closes the line when one is too long

export default {
  render({ model, el }) {
    el.classList.add("ffx-upload");
    const input = document.createElement("input");
    Object.assign(input, { type: "file", multiple: true, accept: model.get("accept"), hidden: true });
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "jupyter-button", textContent: "upload …", title: model.get("tip") });
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", async () => {
      const files = [...input.files];
      input.value = "";
      if (!files.length) return;
      const total = files.reduce((sum, file) => sum + file.size, 0);
      if (total > model.get("most")) {
        model.send({ kind: "large", total });
        return;
      }
      model.send({ kind: "begin", names: files.map((file) => file.name), total });
      for (const [number, file] of files.entries()) {
        for (let start = 0; start < file.size; start += PIECE) {
          model.send({ kind: "piece", number }, undefined, [await file.slice(start, start + PIECE).arrayBuffer()]);
        }
      }
      model.send({ kind: "end" });
    });
    const show = () => {
      button.disabled = model.get("disabled");
      button.title = model.get("tip");
    };
    model.on("change", show);
    show();
    el.append(button, input);
    return () => model.off("change", show);
  },
};
