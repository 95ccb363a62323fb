"""The processes that are measured, seen from the one that asks them."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Ended(Exception):
    """A process gave no answer."""


class TooSlow(Ended):
    """Not in the time that it had; it was ended."""


class Process:
    """Answers lines of JSON. It is started when first asked, on cores of its
    own choosing among those that all systems share."""

    def __init__(self, command, cores, environment, log):
        self.command, self.cores = command, cores
        self.environment, self.log = environment, log
        self.process, self.busy, self.cache = None, False, None

    def _start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, env=os.environ | self.environment,
            start_new_session=True,  # what it starts ends with it
            preexec_fn=lambda: os.sched_setaffinity(0, self.cores))

    def ask(self, line, seconds):
        """The reply; Ended if there is none after so many seconds."""
        if self.process is None:
            self._start()
        self.busy = True
        try:
            self.process.stdin.write((line + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            self.end()
            raise Ended("it ended") from None
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            self.end()
            raise TooSlow(f"no answer after {seconds:.0f} s")
        reply = self.process.stdout.readline()
        if not reply:
            status = self.process.wait()
            self.end()
            raise Ended(f"it ended with status {status}")
        self.busy = False
        return json.loads(reply)

    def end(self):
        """Ends it and all that it started. One that is ended amid a call may
        have left half a file in its cache, which goes with it."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        if self.busy and self.cache:
            shutil.rmtree(self.cache, ignore_errors=True)
        self.process, self.busy = None, False


class SystemProcess(Process):
    """A system of systems/ in its worker."""

    def __init__(self, name, cores, environment, log):
        super().__init__([sys.executable, str(HERE / "worker.py"), name], cores,
                         environment, log)
        self.name, self.versions, self.cases, self.why = name, {}, [], ""
        if name == "torch_compile":
            self.cache = os.environ.get("TORCHINDUCTOR_CACHE_DIR")

    def load(self, seconds):
        try:
            reply = self.do(seconds, do="cases")
            self.versions, self.cases = reply["versions"], reply["cases"]
        except (Ended, RuntimeError) as failure:
            self.why = str(failure)

    def do(self, seconds, **request):
        reply = self.ask(json.dumps(request), seconds)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply
