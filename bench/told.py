"""Programs that stay up and answer lines."""

import json
import subprocess
import threading

from build import WORK, BenchError


class Told:
    """A program that answers each line with a JSON object; its first answer comes unasked."""

    def __init__(self, name, log, command, answer_seconds, **options):
        self.name, self.answer_seconds, self.log = name, answer_seconds, open(WORK / f"{log}.log", "w+")
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, **options)
        try:
            self.first = self.answer()
        except BenchError:
            self.close()
            raise

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def answer(self):
        watchdog = threading.Timer(self.answer_seconds, self.process.kill)
        watchdog.start()
        try:
            text = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not text:
            self.log.seek(0)
            raise BenchError(f"{self.name} ended early or gave no answer in {self.answer_seconds} s: "
                             f"{self.log.read()[-3000:]}")
        return json.loads(text)

    def close(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
