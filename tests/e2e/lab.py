"""A real JupyterLab or Notebook 7 in folders of its own, and notebooks opened in it by a headless Chromium."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nbformat

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "tests" / "screenshots"

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: The toast of news covers part of the screen, and switching it off by a flag alone does not.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}

AROUND = 220  #: pixels of a front end's own bars above and below a notebook, and of a cell around its output

IS_IDLE = """() => {
  const session = globalThis.jupyterapp?.shell?.currentWidget?.sessionContext?.session;
  return session?.kernel?.status === 'idle';
}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


#: Of each front end: the module that starts it, the class that holds its options, and where a notebook is opened.
FRONT_ENDS = {
    "lab": ("jupyterlab", "LabApp", "lab/tree"),
    "notebook": ("notebook", "JupyterNotebookApp", "notebooks"),
}

#: An error of a front end's own scripts: Notebook 7.6 throws it at its start, without any widget too.
OWN_ERRORS = ("Cannot read properties of undefined (reading 'schema')",)


class JupyterServer:
    """JupyterLab or Notebook 7 with its own configuration, data, runtime and working folders below `folder`."""

    def __init__(self, folder: Path, front_end: str = "lab") -> None:
        module, app, self.notebooks = FRONT_ENDS[front_end]
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        config = folder / "config"
        (config / "labconfig").mkdir(parents=True)
        (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(OVERRIDES))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        command = [
            sys.executable, "-m", module, "--no-browser", f"--port={self.port}", "--ServerApp.ip=127.0.0.1",
            "--IdentityProvider.token=", f"--{app}.expose_app_in_browser=True", "--LabApp.news_url=None",
            f"--ServerApp.root_dir={self.work}", "--ServerApp.port_retries=0", "--ServerApp.disable_check_xsrf=True",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(command, env=environment, cwd=self.work, stdout=self.log, stderr=self.log)

    def wait(self, seconds: float = 60) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/api", timeout=2).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"Jupyter did not start:\n{Path(self.log.name).read_text()[-3000:]}")

    def stop(self) -> None:
        """End the server and with it its kernels."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Notebook:
    """One notebook in one page. Collects what must not happen: console errors and requests to other hosts."""

    def __init__(self, page, server: JupyterServer) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on(
            "console",
            lambda message: (
                self.errors.append(f"{message.text} {message.location}") if message.type == "error" else None
            ),
        )
        page.on("pageerror", self._note_error)
        page.on("request", self._check_host)
        self.received = 0  # bytes on websockets, both counted as the page sees them
        self.sent = 0
        page.on("websocket", self._count)

    def _note_error(self, error) -> None:
        is_ours = "blob:" in (error.stack or "")  # the scripts of our widgets are loaded from such addresses
        if is_ours or str(error) not in OWN_ERRORS:
            self.errors.append(f"{error} {error.stack}")

    def _count(self, socket) -> None:
        socket.on("framereceived", lambda payload: setattr(self, "received", self.received + len(payload)))
        socket.on("framesent", lambda payload: setattr(self, "sent", self.sent + len(payload)))

    def _check_host(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.port != self.server.port:
            self.foreign.append(request.url)

    def open(self, path: str) -> None:
        """Open a notebook of the working folder and wait until its kernel is idle."""
        self.page.goto(f"{self.server.url}/{self.server.notebooks}/{path}?reset")
        self.wait_idle()

    def wait_idle(self) -> None:
        self.page.wait_for_function(IS_IDLE, timeout=60_000)

    def reload(self) -> None:
        """Reload the page without touching the kernel."""
        self.page.goto(self.page.url)
        self.page.wait_for_function("() => globalThis.jupyterapp?.shell?.currentWidget?.sessionContext?.session")

    def command(self, name: str, **arguments) -> None:
        """Execute a command of the front end, such as ``notebook:run-all-cells``."""
        self.page.evaluate("([name, args]) => jupyterapp.commands.execute(name, args)", [name, arguments])

    def run_all(self) -> None:
        """Run all cells; raises with the text of the first cell that failed."""
        self.command("notebook:run-all-cells")
        self.wait_idle()
        self.check_cells()

    def check_cells(self) -> None:
        failed = self.page.evaluate(
            """() => jupyterapp.shell.currentWidget.content.widgets.flatMap(
                 (cell) => (cell.model.toJSON().outputs ?? []).filter((output) => output.output_type === 'error'))"""
        )
        if failed:
            raise AssertionError("\n".join(failed[0]["traceback"]))

    def execute(self, code: str) -> str:
        """Run code in the notebook's kernel, outside its cells; returns what it printed."""
        return self.page.evaluate(
            """async (code) => {
              const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
              const future = kernel.requestExecute({ code, store_history: false });
              let text = '';
              future.onIOPub = ({ header, content }) => {
                if (header.msg_type === 'stream') text += content.text;
                if (header.msg_type === 'error') text += content.traceback.join('\\n');
              };
              const reply = await future.done;
              if (reply.content.status !== 'ok') throw new Error(text);
              return text;
            }""",
            code,
        )

    def theme(self, name: str) -> None:
        """Switch to ``light`` or ``dark``.

        JupyterLab hides the change behind its splash and takes that away 200 ms later, once for every change: a second
        change within that time would let it remove the splash twice, which throws.
        """
        self.command("apputils:change-theme", theme=f"JupyterLab {name.title()}")
        wanted = "true" if name == "light" else "false"
        self.page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{wanted}'")
        self.page.wait_for_function("() => !document.getElementById('jupyterlab-splash')")

    def screenshot(self, name: str, selector: str | None = None) -> Path:
        """Save a picture for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        if selector is None:
            self.page.screenshot(path=path)
            return path
        size = self.page.viewport_size
        high = math.ceil(self.page.locator(selector).first.bounding_box()["height"]) + AROUND
        if high > size["height"]:  # a picture ends where the area that scrolls does
            self.page.set_viewport_size({"width": size["width"], "height": high})
            self.page.wait_for_timeout(1500)  # what came in sight is asked for and drawn
        self.page.locator(selector).first.screenshot(path=path)
        self.page.set_viewport_size(size)
        return path

    def close(self) -> None:
        """Close the page, then shut the kernel down: in this order the page has no reason to complain about either."""
        self.page.context.close()
        with urllib.request.urlopen(f"{self.server.url}/api/sessions", timeout=10) as reply:
            sessions = json.load(reply)
        for session in sessions:
            request = urllib.request.Request(f"{self.server.url}/api/sessions/{session['id']}", method="DELETE")
            urllib.request.urlopen(request, timeout=20).close()

    def check(self) -> None:
        """Assert that the page was quiet and asked no other host."""
        assert not self.errors, self.errors
        assert not self.foreign, self.foreign


def write_notebook(server: JupyterServer, name: str, cells: list[str]) -> str:
    """Write a notebook made of code cells into the server's working folder; returns its path there."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.work / name)
    return name
