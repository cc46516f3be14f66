"""Time limits that are over when a test says so, and not when this machine happens to be slow."""

import subprocess
import time

LOOPING = "open({path!r}, 'w').close()\n    while True: pass"  # the body of a function that never returns


def over_once_looping(monkeypatch, path):
    """The body of a function that loops for ever and, from now on, a time limit that is over once that loop has begun."""

    class Process(subprocess.Popen):
        def wait(self, timeout=None):
            if timeout is None:
                return super().wait()
            while not path.exists():
                if self.poll() is not None:
                    return self.returncode
                time.sleep(0.01)
            path.unlink()
            return super().wait(0.01)  # it raises TimeoutExpired

    monkeypatch.setattr(subprocess, "Popen", Process)
    return LOOPING.format(path=str(path))
