"""The environment of a run, and its lines as JSON and as a table in bench/README.md."""

import dataclasses
import datetime
import os
import platform
import re
import resource
import subprocess

from build import ROOT

MOST_DISTURBANCE_PERCENT = 5  # of the cores' time; above it no goal is judged
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def first_match(path, pattern):
    try:
        with open(path) as file:
            found = re.search(pattern, file.read(), re.M)
    except OSError:
        found = None
    return found.group(1).strip() if found else "unknown"


def load():
    return round(os.getloadavg()[0], 2)


@dataclasses.dataclass
class CpuTime:
    """Seconds of all cores since the boot: all, busy, stolen by other guests; and what programs of this run took."""

    total: float
    busy: float
    stolen: float
    own: float

    @staticmethod
    def now():
        with open("/proc/stat") as file:
            user, nice, system, idle, waiting, irq, soft_irq, stolen = (
                int(number) / os.sysconf("SC_CLK_TCK") for number in file.readline().split()[1:9])
        busy = user + nice + system + irq + soft_irq
        own = sum(used.ru_utime + used.ru_stime
                  for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
        return CpuTime(busy + idle + waiting + stolen, busy, stolen, own)

    def disturbance_until(self, later):
        """Percentages of the machine's time that other programs and other guests had."""
        total = max(later.total - self.total, 1e-9)
        others = later.busy - self.busy - (later.own - self.own)
        return {"othersPercent": round(max(0.0, 100 * others / total), 1),
                "stolenPercent": round(100 * (later.stolen - self.stolen) / total, 1)}


def commit():
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
        changed = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT,
                                 capture_output=True, text=True)
    except OSError:
        return "unknown"
    return (head.stdout.strip() or "unknown") + (" with changes" if changed.stdout.strip() else "")


def environment(java, torch):
    return {
        "date": datetime.date.today().isoformat(), "commit": commit(),
        "cpu": first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)$"), "cores": len(os.sched_getaffinity(0)),
        "memoryGiB": round(int(first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)") or 0) / (1 << 20)),
        "system": f"{platform.system()} {platform.release().split('-')[0]}", "jdk": java.version(),
        "djl": first_match(ROOT / "pom.xml", r"<djl.version>(.*)</djl.version>"), "torch": torch.version,
        "python": platform.python_version()}


def number(value, unit):
    if value is None:
        return ""
    digits = 0 if value >= 1000 else 1 if value >= 100 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def table(section):
    rows = [f"| | {' | '.join(section['columns'])} | ratio (95 % interval) | ratio is | goal | reached |",
            "|---|---|---|---|---|---|---|"]
    about = section["environment"]
    disturbed = about["othersPercent"] + about["stolenPercent"] > MOST_DISTURBANCE_PERCENT
    for line in section["lines"]:
        ours = number(line["ours"], line["unit"]) + (f" ({line['remark']})" if "remark" in line else "")
        ratio = f"{number(line['ratio'], '')} ({number(line['low'], '')} to {number(line['high'], '')})"
        cells = [line["name"], ours, number(line["peer"], line["unit"]), ratio, line["ratioIs"], line["goal"] or "",
                 ("not judged: disturbed" if disturbed else line["reached"]) if line["goal"] else ""]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def markdown(sections):
    text = []
    for section in sections.values():
        about, repetitions = section["environment"], max(line["repetitions"] for line in section["lines"])
        text += [f"### {section['title']}", "", *table(section), "", section["note"], "",
                 f"Measured {about['date']} at commit {about['commit']}: {about['cpu']}, {about['cores']} cores, "
                 f"{about['memoryGiB']} GiB, {about['system']}; {about['jdk']}; DJL {about['djl']}; torch "
                 f"{about['torch']}, Python {about['python']}. Load average {about['loadBefore']} before and "
                 f"{about['loadAfter']} after; other programs had {about['othersPercent']} % of the cores' time, "
                 f"other guests {about['stolenPercent']} %; {repetitions} repetitions.", ""]
    return "\n".join(text)


def rewrite(path, sections):
    """Puts the tables between the markers of a Markdown file."""
    text = path.read_text()
    if BEGIN not in text or END not in text:
        raise ValueError(f"{path} lacks the markers {BEGIN} and {END}")
    head, rest = text.split(BEGIN, 1)
    path.write_text(f"{head}{BEGIN}\n\n{markdown(sections)}\n{END}{rest.split(END, 1)[1]}")
