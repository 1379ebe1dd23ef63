#!/usr/bin/env python3
"""A site of joist::live in headless Chromium, by the official client of Phoenix LiveView (node/live.js). A picture is left beside
the results."""
import os
import unittest

import support


class LiveServer(support.Server):
    """tests/conformance/live_server.cpp: `port`. One that is started for another takes its port."""

    def __init__(self, at, version, port=0):
        clients = support.phoenix_clients()
        super().__init__(support.program("JOIST_LIVE"), at,
                         {"LIVE_PORT": str(port), "LIVE_PHOENIX": str(clients / "phoenix/priv/static"),
                          "LIVE_VIEW": str(clients / version / "priv/static")}, [])
        told = self.line()
        if not told.startswith("listening on "):
            raise AssertionError(f"expected `listening on HOST:PORT`, got {told!r}: {self.logged()}")
        self.port = int(told.rpartition(":")[2])


class Live(unittest.TestCase):
    chromium = support.tool("chromium-headless-shell", "chromium")

    def drive(self, version):
        with support.folder() as at:
            support.drive_with_restarts(
                self, lambda port=0: LiveServer(at, version, port),
                lambda server: support.node("live.js", self.chromium, f"127.0.0.1:{server.port}", os.environ["JOIST_RESULTS"]))

    def test_client_1_2(self):
        self.drive("phoenix_live_view")

    def test_client_1_1(self):
        self.drive("phoenix_live_view-1.1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
