#!/usr/bin/env python3
"""examples/chat in headless Chromium, as two people see it (node/chat.js). Pictures of it are left beside the results."""
import os
import unittest

import support


class ChatServer(support.Server):
    """examples/chat: `port`. One that is started for another takes its port."""

    def __init__(self, at, port=0):
        super().__init__(support.program("JOIST_CHAT"), at, {"CHAT_PHOENIX": str(support.phoenix_clients() / "phoenix/priv/static")},
                         ["--port", str(port)])
        told = self.line()
        if not told.startswith("the chat is at http://"):
            raise AssertionError(f"expected `the chat is at http://HOST:PORT`, got {told!r}: {self.logged()}")
        self.port = int(told.rpartition(":")[2])


class Chat(unittest.TestCase):
    def test_in_a_browser(self):
        with support.folder() as at:
            support.drive_with_restarts(
                self, lambda port=0: ChatServer(at, port),
                lambda server: support.node("chat.js", support.tool("chromium-headless-shell", "chromium"),
                                            f"127.0.0.1:{server.port}", os.environ["JOIST_RESULTS"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
