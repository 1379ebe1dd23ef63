#!/usr/bin/env python3
"""The official JavaScript clients of Phoenix, unmodified, against our channels (phoenix_server.cpp): the versions that
node/package.json names. The server is stopped, killed and started again while they are connected."""
import unittest

import support


class PhoenixServer(support.Server):
    """tests/conformance/phoenix_server.cpp: `port`. One that is started for another takes its port."""

    def __init__(self, at, port=0):
        super().__init__(support.program("JOIST_PHOENIX"), at, {"PHOENIX_PORT": str(port)})
        told = self.line()
        if not told.startswith("listening on "):
            raise AssertionError(f"expected `listening on HOST:PORT`, got {told!r}: {self.logged()}")
        self.port = int(told.rpartition(":")[2])


class Phoenix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        support.phoenix_clients()

    def drive(self, package, transport):
        with support.folder() as at:
            support.drive_with_restarts(
                self, lambda port=0: PhoenixServer(at, port),
                lambda server: support.node("phoenix.js", package, f"127.0.0.1:{server.port}", transport))

    def test_1_8(self):
        self.drive("phoenix", "websocket")

    def test_1_8_by_long_polls(self):
        self.drive("phoenix", "longpoll")

    def test_1_7(self):
        self.drive("phoenix-1.7", "websocket")

    def test_1_7_by_long_polls(self):
        self.drive("phoenix-1.7", "longpoll")


if __name__ == "__main__":
    unittest.main(verbosity=2)
