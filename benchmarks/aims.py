"""What the figures are to reach, and whether they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Found = dict[str, Any]
Aims = list[tuple[str, bool | None]]


def at_least(
    results: list[Found], key: str, name: str, aims: Sequence[tuple[Mapping[str, object], float]], words: str
) -> Aims:
    """For each aim whether ``result[key][name]`` is as large, for the result with the given values."""
    said: Aims = []
    for which, aim in aims:
        found = [each[key].get(name) for each in results if which.items() <= each.items() and key in each]
        where = ", ".join(str(value) if name_of != "batch" else f"batch {value}" for name_of, value in which.items())
        reached = found[0] >= aim if found and found[0] is not None else None
        said.append((f"At least {words.format(aim)} at {where}, {name.removeprefix('ours ')}.", reached))
    return said


def _aims_of_a_step(found: Found) -> Aims:
    small, middle, large = "74-128-128", "784-500-500", "784-2000-2000-2000"
    at_once = [{"network": name, "batch": batch} for name, batch in ((middle, 100), (large, 100), (small, 64))]
    results, times = found["results"], "{} times *plain*"
    said = at_least(results, "times_plain", "ours float32", list(zip(at_once, (2.0, 1.5, 4.5), strict=True)), times)
    said += at_least(results, "times_plain", "ours bfloat16", list(zip(at_once[:2], (3.4, 2.9), strict=True)), times)
    rate = "{:.0%} of a product's rate"
    for precision in ("float32", "bfloat16"):
        where = [({"network": name, "batch": 512}, 0.7) for name in (middle, large)]
        said += at_least(results, "share_of_product_rate", precision, where, rate)
    return said


def _aims_of_the_twin(found: Found) -> Aims:
    said: Aims = []
    for network, aim in (("784-500-500", 1.0), ("784-2000-2000-2000", 1.1)):
        for precision in ("float32", "bfloat16"):
            ratios = [
                each["ratio"]
                for each in found["results"]
                if (each["network"], each["precision"]) == (network, precision)
            ]
            said.append((f"At most {aim} at {network}, {precision}.", ratios[0] <= aim if ratios else None))
    return said


def _aims_of_inference(found: Found) -> Aims:
    results, times = found["results"], "{} times ten passes"
    said = at_least(results, "times_plain", "ours bfloat16", [({"network": "784-500-500"}, 4.5)], times)
    said += at_least(results, "times_plain", "ours float32", [({"network": "784-128-128"}, 5.5)], times)
    seconds = [each["seconds"].get("ours bfloat16") for each in results if each["network"] == "784-500-500"]
    reached = seconds[0] < 0.3 if seconds and seconds[0] is not None else None
    return [*said, ("Under 0.3 s for 10 000 images at 784-500-500, bfloat16.", reached)]


def _aims_of_variants(found: Found) -> Aims:
    aims = [({"network": "74-64-64", "variants": 16}, 12), ({"network": "784-128-128", "variants": 8}, 6)]
    said: Aims = []
    for name in ("ours at once, other thresholds", "ours at once, other thresholds and seeds"):
        said += at_least(found["results"], "times_plain", name, aims, "{} times plain runs")
    return said


def _aims_of_time(found: Found) -> Aims:
    median, mean = "median of three seeds", "mean of ten seeds"
    asked = (("mnist", 2, 97, median), ("mnist", 4, 98, median), ("mnist", 10, 98.6, median))
    said: Aims = []
    for dataset, seconds, aim, of in (*asked, ("mnist-5k", 3, 96, mean), ("digits", 2, 98, mean)):
        runs = [each for each in found["results"] if (each["dataset"], each["seconds"]) == (dataset, seconds)]
        value = max((each["ours"].get(of.split()[0], 0) for each in runs if "ours" in each), default=None)
        reached = None if value is None else 100 * value >= aim
        said.append((f"{aim} % on `{dataset}` in {seconds} s, {of}.", reached))
    return said


def _aims_of_a_gpu(found: Found) -> Aims:
    name = "ours {}, captured"
    aims = [({"network": "784-500-500", "batch": 100}, 10.0)]
    results = found.get("results", [])
    return [
        said
        for precision in ("float32", "bfloat16")
        for said in at_least(results, "times_plain", name.format(precision), aims, "{} times *plain*")
    ]


def _aims_of_the_interface(found: Found) -> Aims:
    if "left out" in found:
        return []
    latency, steady = found["latency"], found["while nobody touches it"]
    size = steady["bytes per redraw"]
    return [
        ("At most 120 ms in the median, 250 ms at the 95th percentile, to the frame with the new value.",
         latency["median ms"] <= 120 and latency["95th percentile ms"] <= 250),
        ("At least 8 redraws a second and no task over 100 ms.",
         steady["redraws per second"] >= 8 and steady["tasks over 100 ms"] == 0),
        ("At most 6 000 bytes an update, both ways together.", size["down"] + size["up"] <= 6000),
        ("At most 3 s from running the cell to the first moving histogram.",
         found["opening"]["seconds to a moving histogram"] <= 3),
        ("At most 1.7 MB to open the first explorer of a page.", found["opening"]["bytes"] <= 1_700_000),
        ("At most 0.1 MB to open the next.", found["a second one"]["bytes"] <= 100_000),
    ]  # fmt: skip


def _aims_of_use(found: Found) -> Aims:
    grown = found.get("grown by MiB", {})
    return [(f"At most 30 MiB in the {name}.", value <= 30) for name, value in grown.items()]


UNSEEN = "cost, while nobody looks"
AIMS: dict[str, Callable[[Found], Aims]] = {
    "step speed": _aims_of_a_step,
    "twin": _aims_of_the_twin,
    "time to accuracy": _aims_of_time,
    "inference": _aims_of_inference,
    "importing": lambda found: [("At most 0.5 s beyond torch.", found["seconds"]["ffexplore beyond torch"] <= 0.5)],
    "publishing": lambda found: [
        (
            "At most 2 % with 8 snapshots a second.",
            found["cost"] <= 0.02 if found["snapshots per second"] > 7.5 else None,
        ),
        (
            "At most 2 % while nobody looks, with as many as that leaves.",
            None if UNSEEN not in found else found[UNSEEN] <= 0.02,
        ),
    ],
    "interface": _aims_of_the_interface,
    "use": _aims_of_use,
    "memory": lambda found: [("At most 0.55 with 12 layers.", found["results"][-1]["ratio"] <= 0.55)],
    "variants": _aims_of_variants,
    "gpu": _aims_of_a_gpu,
}


def judged(aims: Aims) -> list[str]:
    """Lines of a list: each aim and whether it is reached."""
    words = {True: "Reached.", False: "Not reached.", None: "Not measured here."}
    return [f"- {aim} {words[reached]}" for aim, reached in aims]
