"""Running servers for checks with real clients, folders that go away, and waits that have an end.

Each *_check.py is a program of unittest: its tests are sentences, and what fails says what was expected and what came.
Servers choose free ports or sockets in a temporary folder; whoever starts one stops it, and its end is part of the check.
"""
import contextlib
import os
import pathlib
import re
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import zlib

here = pathlib.Path(__file__).resolve().parent
patience = 30.0  # seconds: far more than anything here takes, for machines that are slow


def program(name):
    """One of the programs under test: its path is in the environment, put there by ctest."""
    return os.environ[name]


def tool(*names):
    """The first of these commands that is installed."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if found:
            return found
    raise AssertionError(f"expected {' or '.join(names)} to be installed: see scripts/install-deps conformance")


def until(condition, what, limit=patience):
    """What `condition` gives, once it is true. `what` is awaited: a text, or a function that makes it where it is late."""
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"expected within {limit:.0f} s: {what() if callable(what) else what}")
        time.sleep(0.01)


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="joist_conformance_"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Check(unittest.TestCase):
    """Tests of a class share a folder and servers: started before the first, and stopped in order behind the last."""

    @classmethod
    def enter(cls, context):
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    @classmethod
    def serve(cls, server):
        """A server that has started, for all tests of the class."""
        cls.addClassCleanup(cls.end, server)
        return server

    @classmethod
    def end(cls, server):
        code = server.stop()
        if code != 0:
            raise AssertionError(f"expected an orderly stop of {server.process.args}, got {code}")


class Server:
    """A program of Joist that serves until SIGTERM. It has to end in order, without an error in its log but those that were
    made on purpose."""

    def __init__(self, path, at, environment, arguments=("serve",)):
        self.log = open(at / f"{pathlib.Path(path).name}.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([path, *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)

    def line(self):
        """The next line that it prints."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            if not ready.select(patience):
                raise AssertionError(f"expected the server to say where it listens; its log: {self.logged()}")
        return self.process.stdout.readline().decode().strip()

    def logged(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Its exit code. What it should not have logged is an AssertionError."""
        if self.process.poll() is None:
            self.ask_to_stop()
        try:
            code = self.process.wait(patience)
            errors = [e for e in re.findall(r"^\S.*\[error\].*\n(?: .*\n)*", self.logged(), re.M) if "on purpose" not in e]
            if errors:
                raise AssertionError(f"expected no errors in the log of {self.process.args}, got {''.join(errors)}")
            return code
        finally:
            self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


class ConformanceServer(Server):
    """tests/conformance/server.cpp: `host`, `port`, `url`, and `unix`, the path of its socket."""

    def __init__(self, at, files=None):
        self.unix = str(at / "server.sock")
        super().__init__(program("JOIST_SERVER"), at,
                         {"CONFORMANCE_FILES": str(files or at), "CONFORMANCE_UNIX": self.unix})
        told = self.line()
        if not told.startswith("listening on "):
            raise AssertionError(f"expected `listening on HOST:PORT`, got {told!r}: {self.logged()}")
        self.host, port = told.removeprefix("listening on ").split(":")
        self.port = int(port)
        self.url = f"http://{self.host}:{self.port}"

    def get(self, path):
        """The body of a page, asked for without any of the clients under test. None: 404."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=patience) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as e:
            if e.code != 404:
                raise
            return None


class ApiServer(Server):
    """examples/25_http_api on a Unix socket: `unix`."""

    def __init__(self, at):
        self.unix = str(at / "api.sock")
        super().__init__(program("JOIST_API"), at, {"TASKS_AT": f"unix:{self.unix}"})
        until(self.listens, "examples/25_http_api listens")

    def listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.unix) == 0


def lines(count):
    """The body of /lines/<count>."""
    return b"".join(b"%08d\n" % i for i in range(count))


def adler32(body):
    """What /receive says of a body."""
    return zlib.adler32(body)


def run(arguments, limit=patience, **more):
    """A client that has ended: its exit code, stdout and stderr as bytes."""
    if "input" not in more:
        more["stdin"] = subprocess.DEVNULL
    return subprocess.run(arguments, capture_output=True, timeout=limit, **more)


npm_packages = here.parents[1] / "build" / "npm" / "node_modules"
node_environment = {**os.environ, "NODE_PATH": f"/usr/share/nodejs:{npm_packages}"}  # Debian's packages, for any Node, and npm's


def node(script, *arguments):
    """How a script of the folder node/ is called."""
    return [tool("node", "nodejs"), str(here / "node" / script), *arguments]


def phoenix_clients():
    """Where npm has put them."""
    done = run([here.parents[1] / "scripts" / "phoenix-clients"], limit=120)
    if done.returncode != 0:
        raise AssertionError(f"expected scripts/phoenix-clients to install them, got {(done.stdout + done.stderr).decode()}")
    return npm_packages


def drive_with_restarts(test, start, arguments_for, limit=200.0):
    """Runs a client against `start()`. Its lines `> stop`, `> kill` and `> start` have the server do that, the last by
    `start(port)`; each is answered with a line. Exit code 77: there is nothing to check."""
    server = start()
    try:
        arguments = arguments_for(server)
    except BaseException:
        server.close()
        raise
    client = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=node_environment)
    try:
        for line in lines_of(client, limit):
            if line == "> stop":
                test.assertEqual(server.stop(), 0)
            elif line == "> kill":
                server.close()
            elif line == "> start":
                server = start(server.port)
            else:
                print(line, flush=True)
                continue
            client.stdin.write(b"done\n")
            client.stdin.flush()
        code = client.wait(patience)
        test.assertEqual(server.stop(), 0)
        if code == 77:
            test.skipTest("the server does not have it")
        test.assertEqual(code, 0)
    finally:
        client.kill()
        client.wait()
        client.stdin.close()
        client.stdout.close()
        server.close()


def lines_of(client, limit):
    """What a program prints, line by line, until it ends."""
    end = time.monotonic() + limit
    with selectors.DefaultSelector() as ready:
        ready.register(client.stdout, selectors.EVENT_READ)
        rest = b""
        while True:
            if not ready.select(max(0.0, end - time.monotonic())):
                raise AssertionError(f"expected {client.args} to end within {limit:.0f} s")
            got = os.read(client.stdout.fileno(), 65536)
            if not got:
                return
            *whole, rest = (rest + got).split(b"\n")
            yield from (line.decode() for line in whole)
