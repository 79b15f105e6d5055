#!/usr/bin/env python3
"""A helper program for stimrig's `exec` driver: copy it and fill in `Stimulator`.

stimrig writes one line of JSON per request on standard input and waits for one line on standard output. Whatever else you
print goes to standard error. On `quit`, and when standard input ends because stimrig is gone: stop the stimulator and leave. The
protocol is described in rig/README.md. Only the standard library is used.
"""

import json
import sys


class Refused(Exception):
    """The stimulator cannot do what was asked; the text tells why."""


class Stimulator:
    """The place for your own: Bluetooth, CAN, a vendor's library. This one only remembers what it is told."""

    STEP = 0.1e-3       # of its current, A
    MOST = 10e-3        # A
    TICK = 1e-6         # of its timer, s

    def __init__(self):
        self.state = "idle"
        self.program = None

    def hello(self):
        return {"model": "example adapter", "uid": "SIM-EXEC-1", "firmware": "1", "provides": ["status"]}

    def load(self, program):
        """Programs the nearest it can and says what differs; refuses what it cannot do."""
        if program["waveform"] != "biphasic" or program["recovery"] != "mirrored":
            raise Refused("only mirrored biphasic pulses")
        for key in ("ramp", "burst", "cycle", "recharge", "run"):
            if program[key] is not None:
                raise Refused(f"no {key}")
        amplitude = round(program["amplitude"] / self.STEP) * self.STEP
        if not 0 < amplitude <= self.MOST:
            raise Refused(f"{program['amplitude'] * 1e3:g} mA is outside 0.1 to 10 mA")
        width = round(program["width"] / self.TICK) * self.TICK
        self.program = {"amplitude": amplitude, "width": width}
        return {"applied": self.program}

    def start(self):
        if self.program is None:
            raise Refused("nothing is loaded")
        self.state = "running"
        return {}

    def stop(self):
        """Must work in any state, as often as it is asked."""
        self.state = "idle"
        return {}

    def status(self):
        return {"state": self.state, "fault": "none"}

    def acknowledge(self):
        return {}


def answer(stimulator, request):
    kind = request.get("request")
    if kind == "hello":
        return {"protocol": 1, **stimulator.hello()}
    if kind == "load":
        return stimulator.load(request["program"])
    if kind in ("start", "stop", "status", "acknowledge"):
        return getattr(stimulator, kind)()
    raise Refused(f"unknown request {kind!r}")


def main():
    stimulator = Stimulator()
    try:
        for line in sys.stdin:
            request = json.loads(line)
            if request.get("request") == "quit":    # stimrig is done, and waits half a second for this program to leave
                break
            try:
                reply = {"id": request["id"], "ok": True, **answer(stimulator, request)}
            except Refused as reason:
                reply = {"id": request["id"], "ok": False, "reason": str(reason)}
            print(json.dumps(reply), flush=True)
    finally:
        stimulator.stop()


if __name__ == "__main__":
    main()
