"""A person's own files, through the page's file chooser."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.e2e

CELLS = [
    "import ffexplore as ff",
    "panel = ff.explore(dataset='digits', label_encoding='appended', layers=(8,), seed=0)\npanel",
]


def table() -> list[dict]:
    rows = np.random.default_rng(0).normal(size=(60, 3))
    lines = ["width,height,kind", *(f"{a:.3f},{b:.3f},{'wide' if a > 0 else 'narrow'}" for a, b, _ in rows)]
    return [{"name": "shapes.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}]


def pictures() -> list[dict]:
    files, random = [], np.random.default_rng(0)
    for kind, ground in (("dark", 40), ("light", 200)):
        for number in range(12):
            held = io.BytesIO()
            Image.fromarray(random.integers(ground, ground + 40, (12, 12)).astype(np.uint8)).save(held, "PNG")
            files.append({"name": f"{kind}_{number}.png", "mimeType": "image/png", "buffer": held.getvalue()})
    return files


@pytest.mark.parametrize(
    ("files", "kind", "names"), [(table(), "table", ["narrow", "wide"]), (pictures(), "images", ["dark", "light"])],
    ids=["a CSV file", "pictures"],
)  # fmt: skip
def test_files_that_are_chosen_become_the_data_that_trains(open_notebook, files, kind, names):
    notebook = open_notebook(CELLS)
    page = notebook.page
    page.wait_for_selector(".ffx-status[data-word=idle]")
    look = (
        "data = panel.runner.ask(lambda trainer: trainer.plan.dataset).result(20); print(data.kind, *data.class_names)"
    )
    with page.expect_file_chooser() as chooser:
        page.get_by_text("upload …").click()
    chooser.value.set_files(files)
    for _ in range(100):
        said = notebook.execute(look).split()
        if said == [kind, *names]:
            break
        page.wait_for_timeout(100)
    assert said == [kind, *names], notebook.execute("print(panel.status.message, repr(panel.runner.error))")
    notebook.execute("panel.runner.step(3); panel.runner.wait(30)")
    page.wait_for_selector(".ff-positive[d]", state="attached")
    assert notebook.execute("print(panel.runner.snapshot.step)").strip() == "3"
