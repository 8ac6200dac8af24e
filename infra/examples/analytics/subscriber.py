#!/usr/bin/env python3
"""Follows handshakes and decisions as they happen and checks that none is missing. See README.md."""

import argparse
import collections
import json
import os
import pathlib
import sys
import time
import urllib.parse

from asyncapi import Interface
from lanes import Lanes
from nats import Nats, NatsError

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "asyncapi.json"
REPORT_SECONDS = 2.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nats", default="nats://127.0.0.1:4222", help="nats://[user@]host:port")
    parser.add_argument("--user", help="password in the environment: NATS_PASSWORD")
    parser.add_argument("--asyncapi", default=str(DOCUMENT), help="the AsyncAPI document")
    parser.add_argument("--events", action="append", metavar="PREFIX",
                        help="such as tls. or auth.decided (default: tls. and auth.)")
    parser.add_argument("--count", type=int, help="stop after so many events")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--json", action="store_true", help="summaries as JSON lines")
    return parser.parse_args()


class Analysis:
    """What is known so far."""

    def __init__(self, interface):
        self.interface = interface
        self.lanes = Lanes()
        self.counts = collections.Counter()
        self.verdicts = collections.Counter()
        self.protocols = collections.Counter()
        self.faults = []

    def message(self, subject, body):
        try:
            batch = json.loads(body)
        except ValueError as error:
            self.faults.append(f"{subject}: {error}")
            return
        for event in batch if isinstance(batch, list) else [batch]:
            faults = self.interface.faults(subject, event)
            if faults:
                self.faults.extend(f"{subject}: {fault}" for fault in faults)
                continue
            self.event(subject, event)

    def event(self, subject, event):
        lane = (event["instance"], event["epoch"], subject)
        data, seq = event["data"], int(event["seq"])
        if self.interface.is_drop_notice(event):
            self.lanes.see(lane, data["from"], data["to"], dropped=True)
            return
        self.lanes.see(lane, seq, seq)
        self.counts[subject] += 1
        if "verdict" in data:
            self.verdicts[str(data["verdict"])] += 1
        if "protocol" in data and "handshake" in data:
            self.protocols[f"{data['protocol']}{' resumed' if data.get('resumed') else ''}"] += 1

    def summary(self):
        return {
            "events": sum(self.counts.values()), "bySubject": dict(self.counts),
            "handshakes": dict(self.protocols), "verdicts": dict(self.verdicts),
            "lanes": len(self.lanes), "duplicates": self.lanes.duplicates,
            "droppedOnPurpose": self.lanes.dropped, "faults": self.faults[:20],
            "gaps": [{"instance": i, "epoch": e, "subject": s, "from": low, "to": top}
                     for (i, e, s), low, top in self.lanes.gaps()],
        }


def show(summary, as_json):
    if as_json:
        print(json.dumps(summary), flush=True)
        return
    parts = [f"{summary['events']} events in {summary['lanes']} lanes"]
    for name in ("handshakes", "verdicts"):
        parts += [f"{count} {what}" for what, count in sorted(summary[name].items())]
    parts.append(f"{summary['droppedOnPurpose']} dropped on purpose, {len(summary['gaps'])} gaps")
    print(", ".join(parts).encode("ascii", "backslashreplace").decode(), flush=True)
    for gap in summary["gaps"]:
        print(f"  MISSING {gap['subject']} of {gap['instance']}: {gap['from']} to {gap['to']}", flush=True)
    for fault in summary["faults"]:
        print(f"  FAULT {fault}".encode("ascii", "backslashreplace").decode(), flush=True)


def main():
    args = arguments()
    interface = Interface(args.asyncapi, args.events or ["tls.", "auth."])
    server = urllib.parse.urlsplit(args.nats)
    user = args.user or server.username
    password = os.environ.get("NATS_PASSWORD", server.password or "")
    nats = Nats(server.hostname, server.port or 4222, user, password)
    for subject in interface.subjects:
        nats.subscribe(subject)
    nats.flush()
    print(f"listening to {', '.join(interface.subjects)}", file=sys.stderr, flush=True)
    analysis = Analysis(interface)
    reported, shown = time.monotonic(), 0
    try:
        for message in nats.messages(args.seconds):
            if message is not None:
                analysis.message(message[0], message[3])
            events = sum(analysis.counts.values())
            if args.count is not None and events >= args.count:
                break
            if events != shown and time.monotonic() - reported >= REPORT_SECONDS:
                reported, shown = time.monotonic(), events
                show(analysis.summary(), args.json)
    except KeyboardInterrupt:
        pass
    summary = analysis.summary()
    show(summary, args.json)
    return 1 if summary["gaps"] or analysis.faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NatsError, OSError) as error:
        print(f"subscriber: {error}", file=sys.stderr)
        sys.exit(69)
