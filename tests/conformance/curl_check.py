#!/usr/bin/env python3
"""curl against the server and the JSON API: what a careful client does with HTTP/1.1."""
import gzip
import hashlib
import json
import unittest

import support


class Curl(support.Check):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enter(support.folder())
        cls.files = cls.folder / "files"
        cls.files.mkdir()
        cls.text = support.lines(20_000)
        (cls.files / "lines.txt").write_bytes(cls.text)
        (cls.files / "app.js").write_bytes(b"// " + cls.text)
        (cls.files / "app.js.gz").write_bytes(gzip.compress(b"// " + cls.text))
        cls.server = cls.serve(support.ConformanceServer(cls.folder, cls.files))
        cls.url = cls.server.url
        cls.api = cls.serve(support.ApiServer(cls.folder))

    def curl(self, *arguments, code=0, **more):
        done = support.run([support.tool("curl"), "-sS", "--max-time", "30", *map(str, arguments)], **more)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def fetch(self, path, *arguments):
        """The status, the fields with names in lower case, and the body."""
        raw = self.curl("-i", self.url + path, *arguments)
        head, _, body = raw.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 1"):
            head, _, body = body.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        return int(first.split()[1]), {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}, body

    def ask(self, path, method="GET", body=None, fields=("Content-Type: application/json",)):
        """The JSON API, over its Unix socket: the status and the body."""
        more = [] if body is None else ["--data-binary", "@-"]
        for field in fields if body is not None else ():
            more += ["-H", field]
        raw = self.curl("--unix-socket", self.api.unix, "-X", method, "-w", "\n%{http_code}", *more, "http://api" + path,
                        **({} if body is None else {"input": body}))
        text, _, status = raw.rpartition(b"\n")
        return int(status), json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def test_get_and_head(self):
        self.assertEqual(self.fetch("/hello/Ada%20L")[::2], (200, b"hello Ada L"))
        status, fields, body = self.fetch("/hello/Ada", "--head")
        self.assertEqual((status, fields["content-length"], body), (200, "9", b""))
        self.assertIn("date", fields)

    def test_post_comes_back(self):
        self.assertEqual(self.fetch("/echo", "--data-binary", "a=1&b=\u00fc")[2], "a=1&b=\u00fc".encode())

    def test_one_connection_for_many_urls(self):
        urls = [self.url + f"/hello/{i}" for i in range(10)]
        out = self.curl("-w", " %{num_connects}\n", *urls).decode().splitlines()
        self.assertEqual(out, [f"hello {i} {1 if i == 0 else 0}" for i in range(10)])

    def test_many_connections_at_once(self):
        out = self.curl("--parallel", "--parallel-max", "20", "-w", "%{http_code} %{size_download}\\n", "-o",
                        self.folder / "part_#1", self.url + "/lines/[1000-1099]")
        self.assertEqual(sorted(out.decode().splitlines()), sorted(f"200 {9 * n}" for n in range(1000, 1100)))
        for n in range(1000, 1100):
            self.assertEqual((self.folder / f"part_{n}").read_bytes(), support.lines(n))

    def test_http_1_0_and_close(self):
        status, fields, body = self.fetch("/hello/old", "--http1.0")
        self.assertEqual((status, body), (200, b"hello old"))
        status, fields, body = self.fetch("/lines/3", "--http1.0")
        self.assertEqual((status, body), (200, support.lines(3)))
        self.assertNotIn("transfer-encoding", fields)
        self.assertEqual(self.fetch("/hello/x", "-H", "Connection: close")[1]["connection"].lower(), "close")

    def test_upload_in_chunks_from_a_pipe(self):
        sent = support.lines(500_000)
        got = self.curl("-T", "-", "-H", "Expect:", self.url + "/receive", input=sent)
        self.assertEqual(json.loads(got), {"bytes": len(sent), "adler32": support.adler32(sent)})

    def test_upload_waits_for_100(self):
        sent = support.lines(300_000)
        done = support.run([support.tool("curl"), "-sSv", "--max-time", "30", "--expect100-timeout", "30", "-H",
                            "Expect: 100-continue", "--data-binary", "@-", self.url + "/receive"], input=sent)
        self.assertIn(b"< HTTP/1.1 100 Continue", done.stderr)
        self.assertEqual(json.loads(done.stdout), {"bytes": len(sent), "adler32": support.adler32(sent)})

    def test_upload_that_nobody_reads_is_answered(self):
        sent = support.lines(300_000)
        self.assertEqual(self.curl("-H", "Expect:", "--data-binary", "@-", self.url + "/deaf", input=sent),
                         b"not read")

    def test_large_body_that_is_made_while_it_is_sent(self):
        expected = hashlib.sha256(support.lines(2_000_000)).hexdigest()
        self.assertEqual(hashlib.sha256(self.curl(self.url + "/lines/2000000")).hexdigest(), expected)

    def test_ranges(self):
        size = len(self.text)
        for asked, begin, end in (("0-8", 0, 9), ("9-17", 9, 18), (f"{size - 9}-", size - 9, size), ("-9", size - 9, size)):
            status, fields, body = self.fetch("/files/lines.txt", "-r", asked)
            self.assertEqual((status, body), (206, self.text[begin:end]), asked)
            self.assertEqual(fields["content-range"], f"bytes {begin}-{end - 1}/{size}")
        status, fields, _ = self.fetch("/files/lines.txt", "-r", f"{size}-")
        self.assertEqual((status, fields["content-range"]), (416, f"bytes */{size}"))

    def test_download_that_is_resumed(self):
        half = self.folder / "half.txt"
        half.write_bytes(self.text[:70_001])
        self.curl("-C", "-", "-o", half, self.url + "/files/lines.txt")
        self.assertEqual(half.read_bytes(), self.text)

    def test_what_the_client_has_is_not_sent_again(self):
        tag, dated = self.folder / "tag", self.folder / "dated.txt"
        url = self.url + "/files/lines.txt"
        self.curl("--etag-save", tag, "-R", "-o", dated, url)
        self.assertEqual(dated.read_bytes(), self.text)
        again = self.curl("--etag-compare", tag, "-w", "%{http_code} %{size_download}", "-o", self.folder / "no", url)
        self.assertEqual(again, b"304 0")
        since = self.curl("-z", dated, "-w", "%{http_code} %{size_download}", "-o", self.folder / "no", url)
        self.assertEqual(since, b"304 0")
        self.assertEqual(self.fetch("/files/lines.txt", "-H", 'If-None-Match: "another"')[0], 200)
        self.assertEqual(self.fetch("/files/lines.txt", "-z", "Thu, 01 Jan 1970 00:00:01 GMT")[0], 200)

    def test_files_that_are_compressed_already(self):
        status, fields, body = self.fetch("/files/app.js", "--compressed")
        self.assertEqual((status, fields["content-encoding"], body), (200, "gzip", b"// " + self.text))
        self.assertIn("accept-encoding", fields["vary"].lower())
        status, fields, body = self.fetch("/files/app.js")
        self.assertEqual((status, body), (200, b"// " + self.text))
        self.assertNotIn("content-encoding", fields)

    def test_pages_of_errors(self):
        self.assertEqual(self.fetch("/nowhere")[0], 404)
        status, fields, _ = self.fetch("/hello/x", "-X", "DELETE")
        self.assertEqual((status, sorted(fields["allow"].split(", "))), (405, ["GET", "HEAD", "OPTIONS"]))
        status, _, body = self.fetch("/crash")
        self.assertEqual((status, b"on purpose" in body), (500, False))

    def test_heads_beyond_the_limit_and_paths_that_lead_out(self):
        self.assertEqual(self.fetch("/hello/x", "-H", "X-Long: " + "x" * 20_000)[0], 431)
        self.assertEqual(self.fetch("/hello/" + "x" * 9000)[0], 414)
        self.assertEqual(self.fetch("/files/%2e%2e/secret", "--path-as-is")[0], 400)
        self.assertEqual(self.fetch("/files/../secret", "--path-as-is")[0], 400)

    def test_bodies_beyond_the_limit(self):
        status, _ = self.ask("/tasks", "POST", b'"' + b"x" * (9 << 20) + b'"')
        self.assertEqual(status, 413)
        status, _ = self.ask("/tasks", "POST", b'"' + b"x" * (9 << 20) + b'"',
                             ("Content-Type: application/json", "Transfer-Encoding: chunked"))
        self.assertEqual(status, 413)

    def test_cookies_and_redirects(self):
        jar = self.folder / "jar"
        self.assertEqual(self.curl("-c", jar, self.url + "/login"), b"welcome")
        self.assertEqual(self.curl("-b", jar, self.url + "/session"), b"s3cret")
        self.assertEqual(self.curl(self.url + "/session"), b"none")
        self.assertEqual(self.curl("-L", self.url + "/old"), b"hello new")

    def test_unix_socket(self):
        self.assertEqual(self.curl("--unix-socket", self.server.unix, "http://any/hello/socket"), b"hello socket")

    def test_client_that_leaves_in_the_middle(self):
        self.curl("--max-time", "0.3", "-o", "/dev/null", self.url + "/endless", code=28)
        support.until(lambda: self.server.get("/endless/count") == "0", "the body that nobody reads has ended")

    def test_json_api(self):
        status, made = self.ask("/tasks", "POST", b'{"title":"write","is":"done"}')
        self.assertEqual((status, made["title"], made["is"]), (201, "write", "done"))
        self.assertEqual(self.ask(f"/tasks/{made['id']}"), (200, made))
        self.assertIn(made, self.ask("/tasks")[1])
        self.assertEqual(self.ask(f"/tasks/{made['id']}", "DELETE"), (204, ""))
        self.assertEqual(self.ask(f"/tasks/{made['id']}")[0], 404)
        self.assertEqual(self.ask("/tasks/two")[0], 404)

    def test_json_api_says_all_that_is_wrong(self):
        for body, pointers in ((b'{"title":7}', ["/title"]), (b'{"title":""}', ["/title"]), (b"{}", ["/title"]),
                               (b'{"title":"x","is":"perhaps","more":1}', ["/is", "/more"]), (b"{", [""])):
            status, told = self.ask("/tasks", "POST", body)
            self.assertIn(status, (400, 422), body)
            self.assertEqual(sorted(e["pointer"] for e in told["errors"]), pointers, body)
        self.assertEqual(self.ask("/tasks", "POST", b'{"title":"x"}', ("Content-Type: text/plain",))[0], 422)


if __name__ == "__main__":
    unittest.main(verbosity=2)
