"""What the threshold does, and how that depends on the scale of goodness."""

from __future__ import annotations

from ffexplore.reproduce.catalogue.base import BASE
from ffexplore.reproduce.experiment import Configuration, experiments

THETAS = (0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0)
PYRAMIDS = {"flat": (2.0, 2.0, 2.0), "rising": (1.0, 2.0, 3.0), "falling": (3.0, 2.0, 1.0)}
WIDTH = 500


@experiments.register("thresholds", source="ours; pyramids after arXiv 2307.04205", over="threshold θ as it was given")
def thresholds() -> list[Configuration]:
    """θ from 0.5 to 10 on three scales: mean square as it is and with logits 20 times as long, sum of squares.

    The sum of squares is 500 times the mean, so its θ is given both literally and in units of the width.
    """
    recipe = {**BASE, "objective": "logistic", "negatives": "uniform_label"}

    def row(
        name: str,
        goodness: str,
        theta: float | tuple[float, ...],
        scale: float = 1.0,
        depth: int = 2,
        place: tuple[str, float] | None = None,
    ) -> Configuration:
        fields = {**recipe, "goodness": goodness, "threshold": theta, "logit_scale": scale, "layers": (WIDTH,) * depth}
        return Configuration(
            name, fields, epochs=10, minutes=0.4, figures=("test_error", "auc_2"), looks=(2,), place=place
        )

    rows = []
    scaled, by_width = "mean square, logit × 20", "sum of squares, θ × width"
    for theta in THETAS:
        rows += [
            row(f"mean_square-{theta:g}", "mean_square", theta, place=("mean square", theta)),
            row(f"mean_square-{theta:g}-times-20", "mean_square", theta, 20.0, place=(scaled, theta)),
            row(f"sum_of_squares-{theta:g}", "sum_of_squares", theta, place=("sum of squares", theta)),
            row(f"sum_of_squares-{theta:g}-widths", "sum_of_squares", theta * WIDTH, place=(by_width, theta)),
        ]
    for name, thetas in PYRAMIDS.items():
        wide = tuple(theta * WIDTH for theta in thetas)
        rows += [
            row(f"mean_square-pyramid-{name}", "mean_square", thetas, 20.0, depth=3),
            row(f"sum_of_squares-pyramid-{name}", "sum_of_squares", wide, depth=3),
        ]
    return sorted(rows, key=lambda one: (one.fields["goodness"], one.fields["logit_scale"], "pyramid" in one.name))
