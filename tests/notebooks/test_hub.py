"""docs/hub.md: its snippets are what they say, and a shared installation of the kernelspec starts a kernel."""

import ast
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8")


def snippets(language):
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert found, language
    return found


def test_the_charts_values_are_yaml_with_shared_memory_and_a_gpu_profile():
    values = yaml.safe_load(snippets("yaml")[0])
    volumes = {volume["name"]: volume for volume in values["singleuser"]["storage"]["extraVolumes"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in values["singleuser"]["storage"]["extraVolumeMounts"]}
    assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"
    profiles = [profile.get("kubespawner_override", {}) for profile in values["singleuser"]["profileList"]]
    assert any("nvidia.com/gpu" in profile.get("extra_resource_limits", {}) for profile in profiles)


def test_the_hubs_settings_are_python():
    for snippet in snippets("python"):
        ast.parse(snippet)


def test_the_commands_are_bash_and_name_what_the_lab_knows():
    usage = subprocess.run([ROOT / "lab", "help"], capture_output=True, text=True, check=True).stdout
    for snippet in snippets("bash"):
        subprocess.run(["bash", "-n"], input=snippet, text=True, check=True)
        for flag in re.findall(r"\./lab kernel (--[a-z-]+)", snippet):
            assert flag in usage


def test_the_variables_named_are_variables_that_something_reads():
    sources = [ROOT / "lab", ROOT / "etc" / "kernel.sh", *(ROOT / "etc").glob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    sources += [path for module in ("parallel-lib", "magics") for path in (ROOT / module / "src" / "main").rglob("*.java")]
    read = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for name in ("CPU_LIMIT", "MEM_LIMIT", "SHARDLAB_HOME", "SHARDLAB_KERNEL_MEMORY", "DJL_CACHE_DIR", "SHARD_TUTORIAL"):
        assert name in PAGE and name in read, name


GIB = 1 << 30


@pytest.mark.parametrize(
    ("limits", "heap"),
    [
        ({}, "512m"),
        ({"MEM_LIMIT": str(2 * GIB)}, "256m"),
        ({"MEM_LIMIT": "max"}, "512m"),
        ({"MEM_LIMIT": str(GIB // 2)}, "220m"),
        ({"SHARDLAB_KERNEL_MEMORY": "1g", "MEM_LIMIT": str(2 * GIB)}, "1g"),
        ({"groups": {"user.slice/one.service": str(3 * GIB)}}, "384m"),
        ({"groups": {"user.slice": str(2 * GIB), "user.slice/one.service": "max"}}, "256m"),
        ({"groups": {"": str(2 * GIB)}, "MEM_LIMIT": str(3 * GIB)}, "256m"),
        ({"version": 1, "groups": {"user.slice/one.service": str(3 * GIB)}}, "384m"),
        ({"version": 1, "groups": {"": "9223372036854771712"}}, "512m"),
    ],
)
def test_the_kernels_heap_follows_the_limit_of_the_session(limits, heap, tmp_path):
    version, groups = limits.pop("version", 2), limits.pop("groups", {})
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text("MemTotal:       16000000 kB\n")
    path = "/user.slice/one.service"
    (tmp_path / "proc" / "self" / "cgroup").write_text(f"0::{path}\n" if version == 2 else f"9:cpu:/\n4:memory:{path}\n")
    for group, limit in groups.items():
        folder = tmp_path / "cgroup" / ("" if version == 2 else "memory") / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("memory.max" if version == 2 else "memory.limit_in_bytes")).write_text(limit + "\n")
    ran = subprocess.run(
        ["/bin/sh", ROOT / "etc" / "kernel.sh", "/bin/sh", "-c", 'echo "$JJAVA_JVM_OPTS"'],
        capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "JJAVA_JVM_OPTS": "-XX:+UseSerialGC", "SHARDLAB_PROC": str(tmp_path / "proc"),
             "SHARDLAB_CGROUPS": str(tmp_path / "cgroup"), **limits},
    )
    assert ran.stdout.split() == [f"-Xmx{heap}", "-XX:+UseSerialGC"]


@pytest.mark.workers
def test_a_kernelspec_under_a_prefix_starts_a_kernel_with_the_magics(tmp_path):
    """As a hub would find it: JUPYTER_PATH names the prefix, and the kernelspec of this checkout is out of sight."""
    prefix = tmp_path / "hub"
    subprocess.run([ROOT / "lab", "kernel", "--prefix", prefix], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    spec = json.loads((prefix / "share" / "jupyter" / "kernels" / "shardlab" / "kernel.json").read_text())
    assert spec["display_name"] == "Java (shardlab)"
    code = (
        "from jupyter_client.manager import start_new_kernel\n"
        "from jupyter_client.kernelspec import KernelSpecManager\n"
        "found = KernelSpecManager(kernel_dirs=[__import__('sys').argv[1]])\n"
        "from jupyter_client import KernelManager\n"
        "manager = KernelManager(kernel_name='shardlab', kernel_spec_manager=found)\n"
        "manager.start_kernel()\n"
        "client = manager.blocking_client()\n"
        "client.start_channels()\n"
        "client.wait_for_ready(timeout=120)\n"
        "texts = []\n"
        "reply = client.execute_interactive('%shard up -n 1 --devices cpu\\n%shard down', timeout=120,\n"
        "    output_hook=lambda m: texts.append(str(m['content'].get('data', {}).get('text/plain', ''))))\n"
        "print(reply['content']['status'], *texts)\n"
        "manager.shutdown_kernel()\n"
    )
    ran = subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-c", code, prefix / "share" / "jupyter" / "kernels"],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, cwd=tmp_path,
        env={**os.environ, "SHARDLAB_HOME": str(tmp_path / "home")},
    )
    assert ran.stdout.startswith("ok"), ran.stdout + ran.stderr
    assert "cpu:0" in ran.stdout
