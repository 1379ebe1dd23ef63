#!/usr/bin/env python3
"""The official JavaScript clients of Phoenix, unmodified, against our channels (phoenix_server.cpp): the versions that
node/package.json names. The server is stopped, killed and started again while they are connected."""
import os
import selectors
import subprocess
import time
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
    limit = 200.0  # seconds for one client

    @classmethod
    def setUpClass(cls):
        cls.clients = support.phoenix_clients()

    def drive(self, package, transport):
        with support.folder() as at:
            server = PhoenixServer(at)
            client = subprocess.Popen(
                support.node("phoenix.js", package, f"127.0.0.1:{server.port}", transport), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                env={**support.node_environment, "NODE_PATH": f"{self.clients}:{support.node_environment['NODE_PATH']}"})
            try:
                for line in self.told(client):
                    if line == "> stop":
                        self.assertEqual(server.stop(), 0)
                    elif line == "> kill":
                        server.close()
                    elif line == "> start":
                        server = PhoenixServer(at, server.port)
                    else:
                        print(line, flush=True)
                        continue
                    client.stdin.write(b"done\n")
                    client.stdin.flush()
                code = client.wait(support.patience)
                self.assertEqual(server.stop(), 0)
                if code == 77:
                    self.skipTest("the server has no long polls")
                self.assertEqual(code, 0)
            finally:
                client.kill()
                client.wait()
                client.stdin.close()
                client.stdout.close()
                server.close()

    def told(self, client):
        """The client's lines until it ends."""
        end = time.monotonic() + self.limit
        with selectors.DefaultSelector() as ready:
            ready.register(client.stdout, selectors.EVENT_READ)
            rest = b""
            while True:
                self.assertTrue(ready.select(max(0.0, end - time.monotonic())), "expected the checks to end in time")
                got = os.read(client.stdout.fileno(), 65536)
                if not got:
                    break
                *whole, rest = (rest + got).split(b"\n")
                yield from (line.decode() for line in whole)

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
