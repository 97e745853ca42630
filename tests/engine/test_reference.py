"""The reference page is that of the present catalogues."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ffexplore as ff
from ffexplore import reference
from ffexplore.registry import Registry


def test_the_page_is_current(repository: Path) -> None:
    """Written in a process of its own, where no test has registered anything."""
    ran = subprocess.run(
        [sys.executable, "-m", "ffexplore.reference", "-"], capture_output=True, cwd=repository, timeout=120, check=True
    )
    kept = (repository / "docs" / "reference.md").read_text(encoding="utf-8")
    assert ran.stdout.decode() == kept, "run: python -m ffexplore.reference"


def test_every_catalogue_is_on_the_page() -> None:
    shown = {name: catalogue for _, catalogue, name, _ in reference.CATALOGUES}
    public = {name: getattr(ff, name) for name in ff.__all__ if isinstance(getattr(ff, name), Registry)}
    assert shown == public


def test_every_row_has_its_cells() -> None:
    page = reference.text()
    settings, catalogues = page.split("\n## Goodness\n")
    of_settings = [line for line in settings.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in of_settings] == list(ff.Settings.fields())
    for row in of_settings:
        assert row.replace("\\|", "").count("|") == 7
    rows = [line for line in catalogues.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(catalogue) for _, catalogue, _, _ in reference.CATALOGUES)
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5
    assert "`share` = 0.1: share of the units that are counted, at least one (a number from 0.001 to 1)" in page


def test_links_of_settings_lead_to_their_catalogues() -> None:
    page = reference.text()
    headings = {line[3:].lower().replace(" ", "-") for line in page.splitlines() if line.startswith("## ")}
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= headings
    assert (
        "| `goodness` | The number that says how positive a layer takes a sample to be. | [goodness](#goodness)" in page
    )


def test_the_page_leads_to_how_an_entry_of_ones_own_is_written() -> None:
    pages = dict(re.findall(r"In code: `ffexplore\.(\w+)`\. One of your own: `help\(\"([\w.]+)\"\)`", reference.text()))
    assert {"goodness", "objectives", "negatives", "label_encodings", "normalizations", "activations"} <= set(pages)
    assert {"schedules", "black_boxes", "rate_courses", "initializations", "datasets"} <= set(pages)
    for module in pages.values():
        assert "An entry is a" in " ".join((importlib.import_module(module).__doc__ or "").split())


#: The formula of every entry that is defined by one, as its summary gives it.
FORMULAS = {
    "goodness": {
        "mean_square": "Σ h² / d", "sum_of_squares": "Σ h²", "minus_sum_of_squares": "−Σ h²", "l2_norm": "√(Σ h²)",
        "mean": "Σ h / d", "log_energy": "log Σ h²", "sum": "Σ h.", "lp_norm": "(Σ |h|^p)^(1/p)", "max": "max h",
        "top_k": "Σ h² over them", "trimmed": "Σ h², over all units but", "entmax": "Σ entmax(h) · h²",
        "burstiness": "mean (h − h̄)⁴ / (mean (h − h̄)²)² − 3", "sparse": "Σ h² − w Σ |h|",
        "huber": "Σ h² − w Σ Huber(h)", "oja": "Σ h² − w Σ h⁴", "game_theoretic": "Σ h² + w Σ h² · |h|/Σ|h|",
        "entropy_weighted": "S · (1 + w H(softmax h)/log d)", "fractal": "S · (1 + w H(|h|/Σ|h|)/log d)",
        "polarised": "mean h₊² − mean h₋²", "polarised_ratio": "mean h₊² / (mean h₊² + mean h₋²)",
        "decorrelation": "S + w · mean S · variance of h", "energy_margin": "S − w · mean S · log Σ e^((h − max h)/τ)",
        "predictive_coding": "S − w · mean S · min(10, ‖h − h̄‖²/S)", "class_groups": "g[c] = mean h²",
        "projection": "G = h Mᵀ", "cosine": "cos(h, p) / τ", "centroids": "−mean (u − c)² / τ",
    },
    "objectives": {
        "logistic": "−log σ(g⁺ − θ) − log σ(θ − g⁻)", "symba": "log(1 + exp(−α(g⁺ − g⁻)))",
        "swish_symba": "x σ(x) at x = −α(g⁺ − g⁻)", "hinge": "max(0, m − (g⁺ − g⁻))",
        "two_thresholds": "log(1 + exp(a(θ₁ − g⁺))) + log(1 + exp(b(g⁻ − θ₂)))",
        "threshold_hinge": "max(0, θ+m−g⁺) + max(0, g⁻−θ+m)",
        "collaboration": "−log σ(g⁺ + γ⁺ − θ) − log σ(θ − g⁻ − γ⁻)",
        "collaboration_earlier": "−log σ(g⁺ + γ⁺ − θ) − log σ(θ − g⁻ − γ⁻)",
        "class_cross_entropy": "−log softmax(g)[y]", "n_pair": "log(1 + Σ exp(g[c] − g[y] + m))",
        "centroid_margin": "max(0, m + max g[c] − g[y])",
    },
    "negatives": {
        "hard_label": "∝ exp(temperature · g[c])", "hardest_label": "argmax g[c] over c ≠ y",
        "sqrt_goodness_label": "∝ √g[c]", "readout_label": "∝ exp(temperature · z[c])",
        "hybrid_images": "m·a + (1 − m)·b", "self_contrastive": "W(x + x′) against W(x + x)",
        "mix_up": "(1 − s)·a + s·b",
    },
    "label_encodings": {
        "overlay": "x[k] = strength · max x if k is the class, else 0", "neutral": "x[k] = strength · max x / classes",
    },
    "normalizations": {
        "rms": "h / (ε + √mean h²)", "unit": "h / (ε + ‖h‖)", "layer_norm": "(h − h̄) / √(ε + var h)",
        "batch_norm": "(h − m) / √(ε + v)",
    },
    "inferences": {
        "goodness": "argmax Σ g[c]", "vote": "Σ [argmax g = c]", "readout": "softmax(W h / rms h + b)",
        "prototypes": "argmax Σ cos(h, p[c])",
    },
    "activations": {
        "relu": "max(z, 0)", "leaky_relu": "z/100 below", "tanh": "(exp(z) − exp(−z)) / (exp(z) + exp(−z))",
        "softplus": "log(1 + exp(z))", "triangle": "max(z, 0) for the goodness; max(z − z̄, 0) goes on",
    },
    "optimizers": {
        "sgd": "V ← momentum · V + G, W ← W − rate · V",
        "smoothed": "M ← momentum · M + (1 − momentum) · G, W ← W − rate · M",
    },
    "rate_courses": {"linear": "1 − t", "half_linear": "min(1, 2 − 2t)", "cosine": "(1 + cos πt) / 2"},
    "initializations": {
        "normal": "N(0, 1/inputs)", "torch_linear": "±1/√inputs", "glorot_uniform": "±√(6/(inputs + units))",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("catalogue", "name"),
    [pytest.param(catalogue, name, id=f"{catalogue}-{name}") for catalogue, each in FORMULAS.items() for name in each],
)
def test_a_formula_stands_on_the_page_and_in_the_menu(catalogue: str, name: str) -> None:
    formula = FORMULAS[catalogue][name]
    assert formula in getattr(ff, catalogue)[name].summary
    assert formula.replace("|", "\\|") in reference.text()


@pytest.mark.parametrize("name", ["goodness", "objectives", "normalizations", "activations", "inferences"])
def test_no_formula_was_left_out_here(name: str) -> None:
    """Where an entry is nothing but its formula; ``none`` has none."""
    assert set(FORMULAS[name]) == set(getattr(ff, name).names()) - {"none"}


@pytest.mark.parametrize("name", ["goodness", "objectives"])
def test_every_goodness_and_objective_says_its_formula(name: str) -> None:
    signs = ("Σ", "√", "·", "²", "/", "max h", "max(", "cos(", "exp(", "log σ", "log softmax", "= h", "mean (", "σ(")
    for entry in getattr(ff, name):
        assert any(sign in entry.summary for sign in signs), entry.name
