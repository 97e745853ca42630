// The confusion matrix of the validation inputs: which class (row) is taken for which (column), and how often.

import { Asked } from "./asked.js";
import { describeSlowly, html, setAttribute, setText } from "./dom.js";
import { percent, plural } from "./numbers.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class Confusion extends Asked {
  static title = "Confusion matrix";
  static short = "confusion";
  static tip = "Which class is taken for which, and how often";

  constructor(element, legend, signal, { model, tell }) {
    super(element, "ff-confusion");
    this.model = model;
    this.tell = tell;
    this.meaning = html("span");
    legend.append(this.meaning);
    this.table = html("table", "ff-matrix");
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("data-lm-suppress-shortcuts", "true");
    this.content.append(this.table, html("p", "ff-matrix-axis", "rows: right class · columns: chosen class · click a cell to look at its inputs"));
    this.content.setAttribute("role", "group");
    this.table.addEventListener("click", (event) => this.open(event.target.closest("[data-cell]")), { signal });
    this.table.addEventListener("keydown", (event) => this.move(event), { signal });
    this.describe = describeSlowly(this.content);
  }

  show(pane) {
    const { names } = pane;
    if (names.join("\n") !== this.names?.join("\n")) this.build(names);
    const counts = pane.arrays.counts.data;
    let right = 0;
    let worst = [0, 0, 0];
    names.forEach((_, row) => {
      const own = counts.subarray(row * names.length, (row + 1) * names.length);
      const total = own.reduce((sum, count) => sum + count, 0);
      right += own[row];
      own.forEach((count, column) => {
        if (row !== column && count > worst[2]) worst = [row, column, count];
        const cell = this.cells[row][column];
        const share = total ? count / total : 0;
        setText(cell, count ? `${count}` : "·");
        cell.style.setProperty("--ff-share", share.toFixed(3));
        const verb = row === column ? "rightly taken for it" : `taken for ${names[column]}`;
        setAttribute(cell, "aria-label", `${count} of class ${names[row]} ${verb}`);
        setAttribute(cell, "title", `${count} of ${plural(total, "input", "inputs")} of ${names[row]} ${verb} (${percent(share)})`);
      });
      setText(this.shares[row], percent(total ? own[row] / total : NaN, 0));
    });
    const part = pane.judged < pane.total ? ` of ${pane.total}` : "";
    const accuracy = percent(right / pane.judged);
    setText(this.meaning, `${pane.judged}${part} validation inputs, ${accuracy} right`);
    this.describe(() => `Confusion matrix of ${pane.judged} validation inputs, ${accuracy} right`
      + (worst[2] ? `. Most often ${names[worst[0]]} is taken for ${names[worst[1]]}: ${worst[2]} times` : ""));
  }

  build(names) {
    this.names = names;
    const heading = (text, scope) => {
      const head = html("th", "", text);
      head.scope = scope;
      head.title = text;
      return head;
    };
    const head = html("tr");
    head.append(html("td"), ...names.map((name) => heading(name, "col")), heading("right", "col"));
    this.cells = names.map((_, row) => names.map((__, column) => {
      const cell = html("td", row === column ? "ff-cell ff-cell-right" : "ff-cell");
      cell.dataset.cell = `${row},${column}`;
      cell.setAttribute("role", "gridcell");
      cell.tabIndex = row || column ? -1 : 0;
      return cell;
    }));
    this.shares = names.map(() => html("td", "ff-matrix-share"));
    this.table.replaceChildren(head, ...names.map((name, row) => {
      const line = html("tr");
      line.append(heading(name, "row"), ...this.cells[row], this.shares[row]);
      return line;
    }));
  }

  open(cell) {
    if (!cell) return;
    const kind = cell.dataset.cell.split(",").map(Number);
    if (!this.model.get("panes").includes("candidates")) {
      this.model.set("panes", [...this.model.get("panes"), "candidates"]);
      this.model.save_changes();
    }
    this.tell({ pane: "candidates", which: kind });
  }

  move(event) {
    const cell = event.target.closest("[data-cell]");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") this.open(cell);
    else if (STEPS[event.key]) {
      const [row, column] = cell.dataset.cell.split(",").map((place, axis) => Number(place) + STEPS[event.key][axis]);
      const next = this.cells[row]?.[column];
      if (next) {
        cell.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
