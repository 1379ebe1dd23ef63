#!/usr/bin/env python3
"""wrk against the server: many connections at once, for some seconds, without a wrong answer or a broken connection."""
import re
import unittest

import support


class Wrk(support.Check):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.serve(support.ConformanceServer(cls.enter(support.folder())))

    def load(self, path, *arguments):
        done = support.run([support.tool("wrk"), "-t2", "-c64", "-d2s", "--timeout", "20s", *arguments, self.server.url + path])
        told = done.stdout.decode()
        self.assertEqual(done.returncode, 0, told)
        self.assertNotIn("Socket errors", told)
        self.assertNotIn("Non-2xx", told)
        self.assertGreater(int(re.search(r"(\d+) requests in", told).group(1)), 64, told)

    def test_64_connections_are_answered(self):
        self.load("/hello/wrk")

    def test_64_connections_take_bodies_that_are_made_while_they_are_sent(self):
        self.load("/lines/3000")

    def test_64_connections_that_are_closed_after_each_answer(self):
        self.load("/hello/wrk", "-H", "Connection: close")


if __name__ == "__main__":
    unittest.main(verbosity=2)
