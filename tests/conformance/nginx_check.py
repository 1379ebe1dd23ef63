#!/usr/bin/env python3
"""nginx in front of the server: what other clients try goes through it, and what comes of clients that leave."""
import hashlib
import json
import re
import socket
import unittest

import autobahn_cases
import browser_check
import curl_check
import frames
import support
from proxy import Proxy


class Nginx(support.Check):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enter(support.folder())
        cls.server = cls.serve(support.ConformanceServer(cls.folder))
        cls.proxy = cls.serve(Proxy(cls.folder, cls.server.unix))

    def curl(self, path, *arguments, code=0, **more):
        done = support.run([support.tool("curl"), "-sS", "--max-time", "30", self.proxy.url + path,
                            *map(str, arguments)], **more)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def test_answers_pass_through(self):
        self.assertEqual(self.curl("/hello/Ada"), b"hello Ada")
        self.assertEqual(self.curl("/echo", "--data-binary", "there and back"), b"there and back")
        self.assertEqual(self.curl("/nowhere", "-o", self.folder / "no", "-w", "%{http_code}"), b"404")
        self.assertEqual(self.curl("/crash", "-o", self.folder / "no", "-w", "%{http_code}"), b"500")

    def test_connections_to_the_server_are_kept(self):
        done = support.run([support.tool("wrk"), "-t1", "-c8", "-d2s", "--timeout", "20s", self.proxy.url + "/hello/wrk"])
        told = done.stdout.decode()
        self.assertNotIn("Non-2xx", told)
        self.assertNotIn("Socket errors", told)
        requests = int(re.search(r"(\d+) requests in", told).group(1))
        self.assertGreater(requests, 8)
        # The server closes a connection after 10 000 requests; nginx keeps eight.
        self.assertLess(int(self.server.get("/accepted/unix")), 100 + requests // 100)

    def test_large_bodies_both_ways(self):
        sent = support.lines(2_000_000)
        for before in ("", "/unbuffered"):
            got = self.curl(f"{before}/receive", "-T", "-", "-H", "Expect:", input=sent)
            self.assertEqual(json.loads(got), {"bytes": len(sent), "adler32": support.adler32(sent)})
            got = self.curl(f"{before}/lines/2000000")
            self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(sent).digest())

    def test_a_client_that_leaves_in_the_middle(self):
        self.curl("/unbuffered/endless", "--max-time", "0.3", "-o", "/dev/null", code=28)
        support.until(lambda: self.server.get("/endless/count") == "0", "the body that nobody reads has ended")

    def test_an_upload_that_breaks_off(self):
        with socket.create_connection(("127.0.0.1", self.proxy.port)) as s:
            s.sendall(b"POST /unbuffered/receive HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf of it")
            support.until(lambda: self.server.get("/receiving/count") == "1", "the body has begun to come")
        support.until(lambda: self.server.get("/receiving/count") == "0", "the body that breaks off has ended")
        self.assertEqual(self.curl("/hello/again"), b"hello again")

    def test_websockets_of_node(self):
        done = support.run(support.node("websocket.js", f"127.0.0.1:{self.proxy.port}"), limit=200, env=support.node_environment)
        print(done.stdout.decode() + done.stderr.decode())
        self.assertEqual(done.returncode, 0)

    def test_cases_of_autobahn(self):
        """Those whose end does not depend on who closes the TCP connection, which here is nginx."""
        tried = 0
        for case in autobahn_cases.all_cases():
            if case.closes == "server" or not case.number.startswith(("1.", "2.", "5.", "9.1.", "9.3.", "10.", "13.1.")):
                continue
            peer = frames.Peer(("127.0.0.1", self.proxy.port), "/ws/echo" if case.extensions else "/ws/plain", case.extensions)
            try:
                self.converse(case, peer)
            finally:
                peer.close()
            tried += 1
        self.assertGreater(tried, 50)

    def converse(self, case, peer):
        with self.subTest(case.number, what=case.what):
            self.assertIsNone(case.play(peer) if case.play else None)
            for data in case.sends:
                peer.send(*data) if isinstance(data, tuple) else peer.send(data)
            for event in case.expected:
                self.assertEqual(peer.event(), event)
            if case.closes == "us":
                peer.send(autobahn_cases.close(1000))
            self.assertEqual(peer.event()[:2], ("close", 1000))
            self.assertEqual(peer.event(), ("end",))

    def test_a_websocket_whose_client_breaks_off(self):
        peer = frames.Peer(("127.0.0.1", self.proxy.port), "/ws/echo")
        peer.send_message(frames.TEXT, b"x")
        self.assertEqual(peer.event(), ("message", b"x", False))
        peer.close()
        support.until(lambda: (self.server.get("/notes/websocket_end") or "").startswith("1006"), "the server notices")


class CurlThroughNginx(curl_check.Curl):
    """What curl tries, but for what nginx answers itself, and what has its own way to the server."""

    test_heads_beyond_the_limit_and_paths_that_lead_out = None
    test_bodies_beyond_the_limit = None
    test_json_api = None
    test_json_api_says_all_that_is_wrong = None
    test_unix_socket = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.serve(Proxy(cls.folder, cls.server.unix))
        cls.url = cls.proxy.url


class BrowserThroughNginx(browser_check.Browser):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.serve(Proxy(cls.folder, cls.server.unix))
        cls.url = cls.proxy.url


if __name__ == "__main__":
    unittest.main(verbosity=2)
