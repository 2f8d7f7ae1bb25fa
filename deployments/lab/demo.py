"""``make demo``: a small fleet from real parts, swept by the Prefect flow; leaves its report and nothing running."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

LAB = Path("var/demo")
REPORT = Path("out/demo")
UPLIFT = Path(sys.executable).with_name("uplift")
APPLIANCES = Path(__file__).with_name("demo.yaml")


def main() -> int:
    """Exit code of the sweep; the lab is taken down whatever happens, a second run replaces the report."""
    if REPORT.exists():
        subprocess.run(["rm", "-rf", "--", str(REPORT)], check=True)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):       # the lab is taken down first
        signal.signal(number, signal.default_int_handler)
    try:
        for words in (
            ("lab", "up", "--dir", str(LAB), "--spec", str(APPLIANCES), "--swarm", "200"),
            ("fleet", "check", str(LAB / "fleet.yaml")),
            ("sweep", str(LAB / "fleet.yaml"), "--target", "7.2.0", "--out", str(REPORT)),
        ):
            if code := _uplift(*words):
                return code
    except KeyboardInterrupt:
        return 130
    finally:
        left = _uplift("lab", "down", "--dir", str(LAB))
    if left:
        return left
    print(f"\nThe report: {(REPORT / 'report.html').resolve()}")
    return 0


def _uplift(*words: str) -> int:
    print(f"\n$ uplift {' '.join(words)}", flush=True)
    home = {"UPLIFT_HOME": str((LAB / "home").resolve())}
    return abs(subprocess.run([str(UPLIFT), *words], check=False, env={**os.environ, **home}).returncode)


if __name__ == "__main__":
    sys.exit(main())
