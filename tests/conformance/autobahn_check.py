#!/usr/bin/env python3
"""The cases of the Autobahn test suite against the server, and a table of what came of each. Arguments: only cases whose
numbers begin so (`5. 6.4`)."""
import collections
import os
import pathlib
import sys
import time

import autobahn_cases
import frames
import support

OK, NON_STRICT, INFORMATIONAL, FAILED = "OK", "NON-STRICT", "INFORMATIONAL", "FAILED"
all_of_the_suite = 517


def shown(event):
    return tuple(f"{len(v)} bytes" if isinstance(v, bytes) and len(v) > 40 else v for v in event)


def judge_messages(case, received):
    if received == case.expected:
        return OK, ""
    said = f"expected {[shown(e) for e in case.expected]}, got {[shown(e) for e in received]}"
    return (NON_STRICT if received == case.lenient else FAILED), said


def judge_close(case, closing, asked, after):
    if closing[0] == "silence":
        return FAILED, "expected the connection to be closed, nothing came"
    if asked != (case.closes != "server"):
        return FAILED, f"expected {'us' if case.closes != 'server' else 'the server'} to begin the close, got {closing}"
    if closing[0] == "end":
        clean = case.closes == "us"
        return (FAILED if clean else NON_STRICT), f"expected a close with one of {case.codes}, the connection ended without"
    if closing[1] not in case.codes:
        return FAILED, f"expected a close with one of {case.codes}, got {closing[1:]}"
    if after != ("end",):
        return FAILED, f"expected the server to close the connection behind its close, got {shown(after)}"
    return OK, ""


def converse(case, peer):
    """What came before the close, the close, whether we have asked for it, and what came behind."""
    for data in case.sends:
        peer.send(*data) if isinstance(data, tuple) else peer.send(data)
    asked = case.closes == "sent"
    received = []
    while True:
        if case.closes == "us" and not asked and received == case.expected:
            peer.send(autobahn_cases.close(autobahn_cases.NORMAL))
            asked = True
        event = peer.event()
        if event[0] in ("close", "end", "silence"):
            break
        received.append(event)
    if event[0] == "close" and not asked:
        peer.send(autobahn_cases.close(event[1]))
    return received, event, asked, peer.event() if event[0] == "close" else event


def run(case, at):
    peer = frames.Peer(at, "/ws/echo" if case.extensions else "/ws/plain", case.extensions)
    try:
        wrong = case.play(peer) if case.play else None
        if wrong:
            return FAILED, wrong
        received, closing, asked, after = converse(case, peer)
    except (OSError, ValueError, AssertionError, frames.zlib.error) as e:
        return FAILED, f"{type(e).__name__}: {e}"
    finally:
        peer.close()
    verdicts = [judge_messages(case, received), judge_close(case, closing, asked, after)]
    worst = max(verdicts, key=lambda v: [OK, NON_STRICT, FAILED].index(v[0]))
    if case.informational and worst[0] != FAILED:
        return INFORMATIONAL, f"{len(received)} messages, then {shown(closing)}"
    return worst


def main():
    wanted = tuple(sys.argv[1:])
    rows = []
    with support.folder() as at:
        server = support.ConformanceServer(at)
        try:
            for case in autobahn_cases.all_cases():
                if not case.number.startswith(wanted or ""):
                    continue
                begin = time.monotonic()
                verdict, note = run(case, (server.host, server.port))
                rows.append(f"{case.number:<8} {verdict:<13} {1000 * (time.monotonic() - begin):8.1f} ms  {case.what}"
                            + (f": {note}" if note else ""))
        finally:
            code = server.stop()
    counts = collections.Counter(row.split()[1] for row in rows)
    summary = f"{len(rows)} cases: " + ", ".join(f"{counts[v]} {v}" for v in (OK, NON_STRICT, INFORMATIONAL, FAILED))
    table = "\n".join([*rows, summary])
    print(table)
    if "JOIST_RESULTS" in os.environ:
        (pathlib.Path(os.environ["JOIST_RESULTS"]) / "autobahn.txt").write_text(table + "\n", encoding="utf-8")
    if not wanted and len(rows) != all_of_the_suite:
        print(f"expected all {all_of_the_suite} cases, got {len(rows)}")
        return 1
    if code != 0:
        print(f"expected the server to end in order, got {code}")
        return 1
    return 1 if counts[FAILED] else 0


if __name__ == "__main__":
    sys.exit(main())
