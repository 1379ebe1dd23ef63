#!/usr/bin/env python3
"""Node as a client: the `ws` package, the WebSocket that Node may have itself, its HTTP agent, and raw pipelines."""
import subprocess
import unittest

import support


class Node(support.Check):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enter(support.folder())
        cls.server = cls.serve(support.ConformanceServer(cls.folder))

    def node(self, script, at=None):
        """The exit code of one of the scripts; what it says is shown."""
        done = support.run(support.node(script, at or f"{self.server.host}:{self.server.port}"), limit=200, env=support.node_environment)
        print(done.stdout.decode() + done.stderr.decode())
        return done.returncode

    def test_websockets_of_the_ws_package(self):
        self.assertEqual(self.node("websocket.js"), 0)

    def test_websocket_of_node_itself(self):
        code = self.node("own_websocket.js")
        if code == 77:
            self.skipTest("this Node has none")
        self.assertEqual(code, 0)

    def test_http(self):
        self.assertEqual(self.node("http.js"), 0)

    def test_a_server_that_stops_closes_with_1001(self):
        with support.folder() as at:
            server = support.ConformanceServer(at)
            client = subprocess.Popen(support.node("stop.js", f"{server.host}:{server.port}"), stdout=subprocess.PIPE,
                                      env=support.node_environment)
            try:
                self.assertEqual(client.stdout.readline(), b"open\n")
                self.assertEqual(server.stop(), 0)
                told, _ = client.communicate(timeout=support.patience)
                self.assertEqual(told.split(), [b"1001"] * 10)
            finally:
                client.kill()
                client.wait()
                client.stdout.close()
                server.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
