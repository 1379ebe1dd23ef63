#!/usr/bin/env python3
"""Chromium without a window: it loads a page from the server, whose script tries the server and reports (pages/page.js)."""
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import unittest

import support


class Browser(support.Check):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enter(support.folder())
        files = cls.folder / "files"
        shutil.copytree(support.here / "pages", files)
        (files / "lines.txt").write_bytes(support.lines(20_000))
        (files / "packed.txt").write_text("as it is", encoding="utf-8")
        (files / "packed.txt.gz").write_bytes(gzip.compress(b"unpacked by the browser"))
        cls.server = cls.serve(support.ConformanceServer(cls.folder, files))
        cls.url = cls.server.url

    def browse(self, url):
        """Opens a page, in a group of processes of its own."""
        log = open(self.folder / "chromium.log", "w", encoding="utf-8")
        self.addCleanup(log.close)
        browser = subprocess.Popen(
            [support.tool("chromium-headless-shell", "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--no-proxy-server", "--remote-debugging-port=0",
             f"--user-data-dir={self.folder / 'profile'}", url],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.addCleanup(self.leave, browser)

    @staticmethod
    def leave(browser):
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()

    def test_a_page_and_its_script(self):
        self.browse(f"{self.url}/files/index.html")
        log = self.folder / "chromium.log"
        told = support.until(lambda: self.server.get("/notes/browser"), lambda: f"the page reports: {log.read_text()}", limit=120)
        report = json.loads(told)
        script = (support.here / "pages" / "page.js").read_text(encoding="utf-8")
        wanted = re.findall(r"^  async (\w+)\(\) \{", script, re.M)
        self.assertGreater(len(wanted), 10)
        self.assertEqual(report, {name: "ok" for name in wanted})


if __name__ == "__main__":
    unittest.main(verbosity=2)
