#!/usr/bin/env python3
"""examples/chat in headless Chromium, as two people see it (node/chat.js), and as two see it who are at two instances
(node/chat_nodes.js). Pictures of it are left beside the results."""
import contextlib
import os
import shutil
import socket
import subprocess
import unittest

import support


class ChatServer(support.Server):
    """examples/chat: `port`. One that is started for another takes its port."""

    def __init__(self, at, port=0, *more):
        at.mkdir(exist_ok=True)
        super().__init__(support.program("JOIST_CHAT"), at, {"CHAT_PHOENIX": str(support.phoenix_clients() / "phoenix/priv/static")},
                         ["--port", str(port), *more])
        told = self.line()
        if not told.startswith("the chat is at http://"):
            logged = self.logged()
            self.close()
            raise AssertionError(f"expected `the chat is at http://HOST:PORT`, got {told!r}: {logged}")
        self.port = int(told.rpartition(":")[2])


class Hub:
    """A Redis or a NATS server that keeps nothing: `port`."""

    def __init__(self, kind, port=0):
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))
            self.port = free.getsockname()[1]
        where = {"redis": ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"],
                 "nats": ["-a", "127.0.0.1", "-p", str(self.port)]}[kind]
        self.process = subprocess.Popen([support.tool(f"{kind}-server"), *where], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        support.until(self.listens, f"{kind} listens")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.close()
        return 0

    def close(self):
        self.process.kill()
        self.process.wait()


class Chat(unittest.TestCase):
    chromium = support.tool("chromium-headless-shell", "chromium")

    def test_in_a_browser(self):
        with support.folder() as at:
            support.drive_with_restarts(
                self, lambda port=0: ChatServer(at, port),
                lambda server: support.node("chat.js", self.chromium, f"127.0.0.1:{server.port}", os.environ["JOIST_RESULTS"]))

    def two_instances(self, kind):
        if not shutil.which(f"{kind}-server"):
            self.skipTest(f"there is no {kind}-server")
        with support.folder() as at, contextlib.ExitStack() as instances:

            def start(name, hub):
                server = ChatServer(at / name, 0, f"--{kind}", f"{kind}://127.0.0.1:{hub.port}")
                instances.callback(lambda: self.assertEqual(server.stop(), 0))
                return f"127.0.0.1:{server.port}"

            try:
                support.drive_with_restarts(
                    self, lambda port=0: Hub(kind, port),
                    lambda hub: support.node("chat_nodes.js", self.chromium, start("one", hub), start("other", hub)))
            except AssertionError as e:
                if "built without joist::dist" in str(e):
                    self.skipTest("the chat is built without joist::dist")
                raise

    def test_two_instances_over_redis(self):
        self.two_instances("redis")

    def test_two_instances_over_nats(self):
        self.two_instances("nats")


if __name__ == "__main__":
    unittest.main(verbosity=2)
