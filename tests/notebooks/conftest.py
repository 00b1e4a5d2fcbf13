"""Drives the real kernel, as a notebook would: nothing here stands in for Jupyter or JJava."""

import queue
import re
import time
from dataclasses import dataclass, field

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

START_SECONDS = 120
CELL_SECONDS = 120


@dataclass
class Shown:
    """What one cell showed, in order of appearance; updates replace what they update."""

    displays: list = field(default_factory=list)
    stream: str = ""
    error: str | None = None
    traceback: str = ""

    def texts(self):
        return [data.get("text/plain", "") for data in self.displays]

    def text(self):
        return "\n".join([self.stream, *self.texts()])


class Kernel:
    def __init__(self, environment):
        self.manager, self.client = start_new_kernel(
            startup_timeout=START_SECONDS, kernel_name="shardlab", env=environment
        )

    def run(self, code, timeout=CELL_SECONDS):
        return self.collect(self.client.execute(code), timeout)

    def collect(self, request, timeout=CELL_SECONDS):
        shown, by_id, deadline = Shown(), {}, time.monotonic() + timeout
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the cell was still busy after {timeout} s; so far: {shown}") from None
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.stream += content["text"]
            elif kind in ("display_data", "execute_result"):
                shown.displays.append(dict(content["data"]))
                by_id[content.get("transient", {}).get("display_id")] = shown.displays[-1]
            elif kind == "update_display_data":
                display = by_id.get(content["transient"]["display_id"])
                if display is not None:
                    display.clear()
                    display.update(content["data"])
            elif kind == "error":
                shown.error = content["evalue"]
                shown.traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                return shown

    def jvm(self):
        """The kernel's own JVM; the launcher that Jupyter knows is its parent."""
        pid = self.run("System.out.print(ProcessHandle.current().pid())").stream
        return psutil.Process(int(pid))

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    import os

    return {**os.environ, "SHARDLAB_HOME": str(tmp_path_factory.mktemp("home")), "SHARD_TUTORIAL": "tiny"}


@pytest.fixture(scope="module")
def kernel(environment):
    kernel = Kernel(environment)
    yield kernel
    kernel.stop()


@pytest.fixture
def own_kernel(environment):
    """A kernel that the test may kill."""
    kernel = Kernel(environment)
    yield kernel
    kernel.stop()


@pytest.fixture
def verbs(kernel):
    """The verbs this build knows; a test asks for those it needs."""
    text = kernel.run("%shard help").text()

    def need(*names):
        missing = [name for name in names if not re.search(rf"\b{name}\b", text)]
        if missing:
            pytest.skip(f"this build has no %shard {', '.join(missing)} yet")

    return need
