"""Run a notebook with the `shardlab` kernel, print its text outputs as they come, and save it.

run_notebook.py NOTEBOOK [-o OUT] [--html FILE]. The exit status is 1 when a cell fails that may not
(cells tagged `raises-exception` may), 2 when there is nothing to run.
"""

import argparse
import os
import re
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def text_of(value):
    return ANSI.sub("", "".join(value) if isinstance(value, list) else str(value))


def say(text):
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


class PrintingClient(NotebookClient):
    """Prints streams at once and displays in their last state: as text, when their cell ends."""

    def __init__(self, notebook, **settings):
        super().__init__(notebook, **settings)
        self.waiting = {}

    def process_message(self, message, cell, cell_index):
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            self.print_waiting()
            sys.stdout.write(text_of(content["text"]))
            sys.stdout.flush()
        elif kind in ("display_data", "execute_result", "update_display_data"):
            identity = content.get("transient", {}).get("display_id") or len(self.waiting)
            text = text_of(content["data"].get("text/plain", ""))
            if kind != "update_display_data" or identity in self.waiting:
                self.waiting[identity] = text
            elif text.strip():
                say(text)
        elif kind == "error":
            self.print_waiting()
            say(f"{text_of(content['ename'])}: {text_of(content['evalue'])}")
        elif kind == "status" and content["execution_state"] == "idle":
            self.print_waiting()
        return super().process_message(message, cell, cell_index)

    def print_waiting(self):
        for text in self.waiting.values():
            if text.strip():
                say(text)
        self.waiting.clear()


def announce(cell, cell_index):
    if cell.cell_type == "markdown":
        return
    source = cell.source.strip().splitlines()
    more = f"  (+{len(source) - 1} lines)" if len(source) > 1 else ""
    say(f"\n[{cell_index + 1}] {source[0] if source else ''}{more}")


def write_html(notebook, file):
    """One file that needs no network and runs no script."""
    exporter = HTMLExporter(embed_images=True)
    exporter.exclude_input_prompt = False
    html, _ = exporter.from_notebook_node(notebook)
    html = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL | re.IGNORECASE)
    html = re.sub(r"<link\b[^>]*>", "", html, flags=re.IGNORECASE)
    with open(file, "w", encoding="utf-8") as out:
        out.write(html)


def main():
    parser = argparse.ArgumentParser(prog="./lab run")
    parser.add_argument("notebook")
    parser.add_argument("-o", "--output", help="where to save the executed notebook; by default it is not saved")
    parser.add_argument("--html", help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    try:
        notebook = nbformat.read(arguments.notebook, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as problem:
        say(f"{arguments.notebook} cannot be read as a notebook: {problem}")
        return 2

    client = PrintingClient(
        notebook,
        kernel_name="shardlab",
        timeout=None,
        startup_timeout=180,
        # What is kept reads well in a diff: one output per run of prints, and no times of day.
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": os.path.dirname(os.path.abspath(arguments.notebook))}},
        on_cell_start=announce,
    )
    started, failure = time.monotonic(), None
    try:
        client.execute()
    except CellExecutionError:
        failure = "a cell failed"
    except DeadKernelError:
        failure = "the kernel died"
    except KeyboardInterrupt:
        failure = "interrupted"

    for file in filter(None, [arguments.output]):
        nbformat.write(notebook, file)
    if arguments.html:
        write_html(notebook, arguments.html)
    say(f"\n{arguments.notebook}: {failure or 'every cell ran'} ({time.monotonic() - started:.0f} s)")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
