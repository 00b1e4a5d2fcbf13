"""Open a notebook in JupyterLab in a headless Chromium, run every cell, save screenshots.

browser.py NOTEBOOK FOLDER [--minutes N]. Needs Debian's `chromium` and `chromium-driver` and
requirements-browser.txt; says so when they are not there. The notebook itself is not changed: a copy is opened.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CELL = ".jp-Notebook .jp-CodeCell"
# What front ends show beside a cell: [*] while it waits or runs.
WAITING = (
    "return [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')]"
    ".filter(prompt => prompt.textContent.includes('*')).length"
)
ERRORS = "return document.querySelectorAll('.jp-RenderedText[data-mime-type=\"application/vnd.jupyter.stderr\"], .jp-OutputArea-output[data-mime-type=\"application/vnd.jupyter.error\"]').length"


def missing():
    """What has to be installed, or None."""
    for command in ("chromium", "chromedriver"):
        if not shutil.which(command):
            return f"{command} is not installed (Debian: apt-get install chromium chromium-driver)"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed (.venv/bin/pip install -r tests/notebooks/requirements-browser.txt)"
    return None


@contextlib.contextmanager
def server(folder):
    """A JupyterLab on a port of its own; gives URL and token."""
    runtime, token = Path(tempfile.mkdtemp()), secrets.token_hex(16)
    environment = {
        **os.environ,
        "JUPYTER_TOKEN": token,
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTER_CONFIG_DIR": str(runtime / "config"),
        "JUPYTER_DATA_DIR": str(runtime / "data"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", f"--ServerApp.root_dir={folder}"]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        file = runtime / f"jpserver-{process.pid}.json"
        until(lambda: file.exists() and file.stat().st_size, 60, "JupyterLab did not start")
        yield json.loads(file.read_text())["url"], token
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(runtime, ignore_errors=True)


def until(condition, seconds, otherwise):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise} within {seconds} s")
        time.sleep(0.2)
    return value


def chromium():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(option)
    options.binary_location = shutil.which("chromium")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


class Page:
    """A notebook open in JupyterLab, in a kernel of its own."""

    def __init__(self, driver):
        self.driver = driver

    def run_all(self):
        click(self.driver, ".lm-MenuBar-itemLabel", "Run")
        click(self.driver, ".lm-Menu-itemLabel", "Run All Cells")
        until(self.waiting, 60, "no cell started")

    def waiting(self):
        """How many cells wait or run."""
        return self.driver.execute_script(WAITING)

    def finish(self, seconds):
        until(lambda: not self.waiting(), seconds, "cells were still running")

    def errors(self):
        return self.driver.execute_script(ERRORS)

    def text(self):
        """What the outputs of all cells say."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')].map(o => o.innerText).join('\\n')")

    def interrupt(self):
        click(self.driver, ".lm-MenuBar-itemLabel", "Kernel")
        click(self.driver, ".lm-Menu-itemLabel", "Interrupt Kernel")

    def restart(self):
        click(self.driver, ".lm-MenuBar-itemLabel", "Kernel")
        click(self.driver, ".lm-Menu-itemLabel", "Restart Kernel…")
        click(self.driver, ".jp-Dialog-buttonLabel", "Restart")

    def save(self):
        click(self.driver, ".lm-MenuBar-itemLabel", "File")
        click(self.driver, ".lm-Menu-itemLabel", "Save Notebook")
        until(lambda: not self.driver.execute_script("return !!document.querySelector('.jp-mod-dirty')"), 20, "not saved")

    def reload(self):
        """As F5 does: the page is new, the kernel is the same."""
        self.driver.refresh()
        until(lambda: self.driver.execute_script(f"return document.querySelectorAll('{CELL}').length"), 60, "no cell came back")
        self.idle(60)

    def idle(self, seconds):
        """Until the page is connected to its kernel. It shows "Unknown" where it missed what the kernel said before it listened."""
        until(lambda: re.search(r"\| (Idle|Unknown)", self.driver.page_source), seconds, "the kernel was not idle")

    def picture(self, file):
        screenshot(self.driver, file)


@contextlib.contextmanager
def opened(notebook):
    """A copy of the notebook in a browser, its kernel idle."""
    from selenium.webdriver.common.by import By

    notebook = Path(notebook)
    with tempfile.TemporaryDirectory() as copies, contextlib.ExitStack() as stack:
        shutil.copy(notebook, copies)
        url, token = stack.enter_context(server(copies))
        driver = chromium()
        stack.callback(driver.quit)
        driver.get(f"{url}lab/tree/{notebook.name}?reset&token={token}")
        until(lambda: driver.find_elements(By.CSS_SELECTOR, CELL), 60, "no cell appeared")
        page = Page(driver)
        page.idle(120)
        yield page


def run_all(notebook, folder, minutes=10):
    """Runs every cell and saves FOLDER/NAME-before.png and NAME-after.png; returns the number of error outputs."""
    notebook, folder = Path(notebook), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with opened(notebook) as page:
        page.picture(folder / f"{notebook.stem}-before.png")
        page.run_all()
        page.finish(minutes * 60)
        page.picture(folder / f"{notebook.stem}-after.png")
        return page.errors()


def click(driver, selector, text):
    from selenium.webdriver.common.by import By

    def found():
        return [item for item in driver.find_elements(By.CSS_SELECTOR, selector) if item.text == text]

    until(found, 20, f"no menu item '{text}'")[0].click()


def screenshot(driver, file):
    """The whole notebook: the window grows to its height first, so that no cell is left to be drawn on scrolling."""
    height = driver.execute_script(
        "return [...document.querySelectorAll('.jp-WindowedPanel-outer')]"
        ".reduce((most, panel) => Math.max(most, panel.scrollHeight), 0)"
    )
    driver.set_window_size(1400, min(max(1000, height + 300), 12000))
    driver.execute_script("document.querySelectorAll('.jp-WindowedPanel-outer').forEach(panel => panel.scrollTop = 0)")
    until(lambda: driver.execute_script("return document.readyState") == "complete", 20, "the page did not settle")
    time.sleep(1)
    driver.save_screenshot(str(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook")
    parser.add_argument("folder")
    parser.add_argument("--minutes", type=int, default=10)
    arguments = parser.parse_args()
    if missing():
        print(missing())
        return 2
    errors = run_all(arguments.notebook, arguments.folder, arguments.minutes)
    print(f"{arguments.notebook}: ran in the browser, {errors} error outputs; screenshots in {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
