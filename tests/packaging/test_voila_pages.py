"""Voila's pages of errors, as the template of this project has them, name no other host."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["error.html", "404.html"])
def test_a_page_of_an_error_names_no_other_host(repository: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    jinja2 = pytest.importorskip("jinja2")
    paths = pytest.importorskip("voila.paths")
    monkeypatch.setenv("JUPYTER_PATH", str(repository / "share" / "jupyter"))
    said = {}
    for template in ("lab", "ffexplore"):
        folders = paths.collect_template_paths(["voila", "nbconvert"], template, prune=True)
        pages = jinja2.Environment(loader=jinja2.FileSystemLoader(folders), extensions=["jinja2.ext.i18n"])
        pages.install_null_translations()
        said[template] = pages.get_template(name).render(base_url="/", status_code=404, status_message="Not Found")
    assert "https://" in said["lab"]  # or there would be nothing to turn off
    assert "://" not in said["ffexplore"]
    assert "404" in said["ffexplore"]
