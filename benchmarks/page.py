"""The page of the figures, ``docs/performance.md``, and the small pictures beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.aims import AIMS, judged
from benchmarks.chart import chart

Found = dict[str, Any]

HEAD = """# Performance

Written by `make bench`. Every ratio was measured in one run, in alternating repeats; medians. *plain* is the algorithm
as public codes write it (autograd, positive and negative apart, one Adam a layer), *joined* the same with both sides in
one batch and torch's fused Adam; both are in `benchmarks/baselines.py`. Rows count positive and negative inputs.
Where the clock is `process_time`, seconds are those of the processor on one thread, whatever else ran beside.
"""

WHY = {
    "width": "In narrow layers the calls cost as much as the arithmetic; from some hundred units on products and "
    "weights count, which grow with the square of the width from the second layer on.",
    "depth": "Every layer adds about the same time, once there are a few of them; the first one costs less. Activity "
    "is let go of as soon as a layer has learned from it, so that memory grows by weights, gradients and the "
    "optimizer's averages alone.",
    "batch": "In small batches calls and the optimizer, which do not depend on the batch, cost more than the products; "
    "in large ones time grows in proportion, by more where the activity no longer fits in the cache, and memory does "
    "where the activity outweighs what a process holds anyway.",
    "variants": "Products fill the processor at this width, so that variants cost as much as runs of their own; that "
    "they share their calls counts in narrow networks (see above).",
    "history": "Only new points are packed and sent, so that a frame grows little: what does is the search for the "
    "points that are new. A page that opens gets all of it; in an explorer it is thinned at 600 points and ends there.",
    "views": "One frame serves every page; what grows is only the reading of their answers.",
}
SHOWN = {
    "history": [("KiB to open", "KiB sent when a page opens"), ("MiB", "MiB held")],
    "views": [("milliseconds", "milliseconds of the kernel a frame"), ("KiB a frame", "KiB a frame")],
}
TRAINING = [("milliseconds", "milliseconds a step"), ("MiB", "MiB at the peak")]


def page(found: Found) -> str:
    """All figures as a page."""
    parts = [HEAD]
    for name, (title, section) in SECTIONS.items():
        if name in found:
            measured = found[name]
            clock = f"; clock: `{measured['clock']}`" if "clock" in measured else ""
            threads = f"; threads: {measured['threads']}" if "threads" in measured else ""
            parts.append("\n".join(["", f"## {title}", "", f"On {measured['machine']}{threads}{clock}.", "", ""]))
            parts.append("\n".join(section(measured)) + "\n")
            if name in AIMS:
                parts.append("\n".join(["", *judged(AIMS[name](measured))]) + "\n")
            if "earlier" in measured:
                parts.append(f"\nEarlier, on another machine ({measured['earlier']['machine']}):\n\n")
                parts.append("\n".join(section(measured["earlier"])) + "\n")
                if name in AIMS:
                    there = [aim for aim in AIMS[name](measured["earlier"]) if aim[1] is not None]
                    parts.append("\n".join(["", *judged(there)]) + "\n")
    return "".join(parts)


def pictures(found: Found) -> dict[str, str]:
    """The pictures of growth, by file name."""
    charts = {}
    for axis, points in found.get("growth", {}).get("results", {}).items():
        for key, label in SHOWN.get(axis, TRAINING):
            xs, ys = [point[axis] for point in points], [point[key] for point in points]
            charts[_picture(axis, key)] = chart(xs, ys, axis, label)
    return charts


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]]


def _step_speed(found: Found) -> list[str]:
    results = found["results"]
    rows = [
        [each["network"], str(each["batch"]), each["objective"], *_with_times(each, "rows_per_second")]
        for each in results
    ]
    shares = [each.get("share_of_product_rate", {}) for each in results]
    heads = list(results[0]["rows_per_second"])
    if not any(shares):
        return table(["network", "batch", "objective", *heads], rows)
    named = [f"of a product's rate, {precision}" for precision in shares[0]]
    rows = [[*row, *(f"{value:.0%}" for value in share.values())] for row, share in zip(rows, shares, strict=True)]
    note = [
        "",
        "Of a product's rate: how much of the speed of one large matrix product a step reaches, counting only the",
        "products that are left when the image's part is taken once for both sides.",
    ]
    return table(["network", "batch", "objective", *heads, *named], rows) + note


def _with_times(result: Found, key: str) -> list[str]:
    return [f"{value:,} ({result['times_plain'][name]}×)" for name, value in result[key].items()]


def _twin(found: Found) -> list[str]:
    rows = [
        [
            each["network"],
            str(each["batch"]),
            each["precision"],
            *map(str, (*each["milliseconds"].values(), each["ratio"])),
        ]
        for each in found["results"]
    ]
    note = [
        "",
        "Milliseconds a step; an epoch has as many on either side, so that the ratio is that of the epochs. "
        "Forward-Forward names a class by its goodness and is timed without a read-out, backpropagation with the "
        "softmax layer that it needs.",
    ]
    return table(["network", "batch", "precision", "Forward-Forward", "backpropagation", "ratio"], rows) + note


def _time_to_accuracy(found: Found) -> list[str]:
    rows = [
        [_recipe(run), run["dataset"], f"{run['seconds']:g} s", *(_accuracy(run, name) for name in ("ours", "joined"))]
        for run in found["results"]
    ]
    note = [
        "Median of the seeds, all seeds in brackets; test data. Here *joined* has the layers and the batch size",
        "of ours, not its recipe: the logistic objective, uniform wrong labels, no moved pictures and a rate of 0.002,",
        "whatever was chosen on validation data for ours. So recipes and speed are compared at once.",
        "",
    ]
    return note + table(["preset", "data", "training", "ours", "joined"], rows)


def _recipe(run: Found) -> str:
    changes = ", ".join(f"{name} {_in_words(value)}" for name, value in run.get("changes", {}).items())
    return f"{run['preset']}, {changes}" if changes else str(run["preset"])


def _in_words(value: object) -> str:
    """A value of a setting; layers as in 256-256."""
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _accuracy(run: Found, name: str) -> str:
    if name not in run:
        return "left out: data not at hand"
    values = run[name]
    return f"{100 * values['median']:.2f} % ({', '.join(f'{100 * value:.2f}' for value in values['all'])})"


def _inference(found: Found) -> list[str]:
    results = found["results"]
    rows = [[each["network"], *_with_times(each, "seconds")] for each in results]
    note = ["Seconds to score ten labels of 10 000 images; the baseline is `Plain.accuracy`, in float32.", ""]
    return note + table(["network", *results[0]["seconds"]], rows)


def _importing(found: Found) -> list[str]:
    rows = [[name, f"{value:.2f} s"] for name, value in found["seconds"].items()]
    return table(["in a fresh process", "median"], rows)


def _publishing(found: Found) -> list[str]:
    return [f"- {name}: {value}" for name, value in found.items() if name not in ("machine", "threads", "clock")]


def _interface(found: Found) -> list[str]:
    if "left out" in found:
        return [f"Left out: {found['left out']}."]
    opened, second, latency = found["opening"], found["a second one"], found["latency"]
    steady = found["while nobody touches it"]
    size = steady["bytes per redraw"]
    note = [
        "JupyterLab in headless Chromium, which renders in software and takes a core, beside training of",
        f"`explore({found['explore']})`; the load of the machine was {found['load']} when it began.",
        "",
    ]
    rows = [
        [
            "from the pointer on the threshold to the first painted frame with its value, median",
            f"{latency['median ms']} ms",
        ],
        ["the same, 95th percentile", f"{latency['95th percentile ms']} ms"],
        ["redraws a second while nobody touches it", f"{steady['redraws per second']}"],
        ["bytes of an update, to the page and back", f"{size['down']:,} + {size['up']:,}"],
        [
            "tasks of the page over 100 ms in ten seconds; the longest",
            f"{steady['tasks over 100 ms']}; {steady['longest task ms']} ms",
        ],
        ["from running the cell to the first moving histogram", f"{opened['seconds to a moving histogram']} s"],
        ["bytes to open the first explorer of a page", f"{opened['bytes']:,}"],
        ["bytes to open the next", f"{second['bytes']:,}"],
    ]
    return note + table(["what", "measured"], rows)


def _use(found: Found) -> list[str]:
    if "left out" in found:
        return [f"Left out: {found['left out']}."]
    each = ", ".join(f"{name} {count}" for name, count in found["of each"].items())
    note = [
        f"{found['minutes']:g} minutes, {found['things done']} things done at random ({each}) while",
        f"`explore({found['explore']})` trains. MiB before, on the way, and after; what is loaded once came before.",
        "",
    ]
    rows = [
        [name, *(f"{value:.1f}" for value in values), f"{found['grown by MiB'][name]:+.1f}"]
        for name, values in found["MiB"].items()
    ]
    times = [f"after {share:.0%}" for share in (number / (len(rows[0]) - 3) for number in range(1, len(rows[0]) - 2))]
    return note + table(["of", "before", *times, "grown by"], rows)


def _memory(found: Found) -> list[str]:
    rows = [
        [each["network"], str(each["batch"]), *(f"{value} MiB" for value in each["MiB"].values()), str(each["ratio"])]
        for each in found["results"]
    ]
    note = [
        "Of a process of its own over what it held before the network was built: weights, optimizer, gradients,",
        "activity and buffers. Backpropagation keeps the activity of every layer until its gradient comes back;",
        "Forward-Forward lets go of a layer's once it has learned, so that only weights add up with depth.",
        "",
    ]
    return note + table(["network", "batch", "Forward-Forward", "backpropagation", "ratio"], rows)


def _variants(found: Found) -> list[str]:
    results = found["results"]
    rows = [[each["network"], str(each["variants"]), *_with_times(each, "rounds_per_second")] for each in results]
    note = ["Rounds per second, a round being one batch for every variant; against plain runs one after another.", ""]
    return note + table(["network", "variants", *results[0]["rounds_per_second"]], rows)


def _growth(found: Found) -> list[str]:
    usual = ", ".join(f"{name} {value}" for name, value in found["usual"].items())
    lines = [f"One at a time, from {usual}; each point in a process of its own, processor time on one thread.", ""]
    lines += ["The dashed line grows in proportion. Axes are logarithmic.", ""]
    for axis in found["results"]:
        lines += [f"### {axis}", "", f"{WHY[axis]} {_grown(axis, found['results'][axis])}", ""]
        names = [(_picture(axis, key), label) for key, label in SHOWN.get(axis, TRAINING)]
        lines += [" ".join(f"![{label} over {axis}](performance/{name})" for name, label in names), ""]
    return lines[:-1]


def _grown(axis: str, points: list[dict[str, float]]) -> str:
    """What was measured, in a sentence for each quantity: by how much it grew at either end."""
    said = []
    for key, label in SHOWN.get(axis, TRAINING):
        ends = [points[:2], points[-2:]]
        parts = [f"from {one[axis]} to {other[axis]} {_times(one[key], other[key])}" for one, other in ends]
        said.append(f"{label[0].upper()}{label[1:]}: {', '.join(parts)}.")
    return "Measured. " + " ".join(said)


def _times(before: float, after: float) -> str:
    return f"{after / before:.2g} times as much" if before >= 0.01 else f"from {before:g} to {after:g}"


def _gpu(found: Found) -> list[str]:
    if "left out" in found:
        return [f"Left out: {found['left out']}."]
    results = found["results"]
    rows = [[each["network"], str(each["batch"]), *_with_times(each, "rows_per_second")] for each in results]
    return [f"On {found['device']}.", "", *table(["network", "batch", *results[0]["rows_per_second"]], rows)]


def _picture(axis: str, key: str) -> str:
    return f"{axis}-{key.replace(' ', '-')}.svg"


SECTIONS: dict[str, tuple[str, Callable[[Found], list[str]]]] = {
    "step speed": ("Rows trained per second", _step_speed),
    "twin": ("A step beside one of backpropagation", _twin),
    "time to accuracy": ("Test accuracy after some seconds", _time_to_accuracy),
    "inference": ("Scoring candidate labels", _inference),
    "importing": ("Importing", _importing),
    "publishing": ("What publishing costs the trainer", _publishing),
    "interface": ("A live explorer in the browser", _interface),
    "use": ("What ten minutes of use leave behind", _use),
    "memory": ("Peak memory over depth", _memory),
    "variants": ("Many variants at once", _variants),
    "growth": ("How it grows", _growth),
    "gpu": ("Rows trained per second on a GPU", _gpu),
}
