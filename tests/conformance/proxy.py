"""nginx in front of a server, as most deployments have it: connections that are kept, upgrades, with and without buffers."""
import socket
import subprocess

import support

config = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 512; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  map $http_upgrade $connection_of_upgrade {{
    default upgrade;
    ""      "";
  }}
  upstream joist {{
    server unix:{unix};
    keepalive 8;
  }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_of_upgrade;
    location / {{ proxy_pass http://joist; }}
    location /unbuffered/ {{
      proxy_pass http://joist/;
      proxy_buffering off;
      proxy_request_buffering off;
    }}
  }}
}}
"""


def free_port():
    """Free now: who takes it in between makes nginx fail, and the next one is tried."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Proxy:
    """Stands in front of the socket `unix`; at `url`. Its files, and the one of its pid, are in a folder of its own."""

    def __init__(self, at, unix):
        self.folder = at / "nginx"
        self.folder.mkdir(mode=0o755)
        at.chmod(0o755)  # nginx's workers are another user where root starts it
        for _ in range(5):
            self.port = free_port()
            self.url = f"http://127.0.0.1:{self.port}"
            self.process = self._start(unix)
            support.until(lambda: self.process.poll() is not None or self._listens(), "nginx listens")
            if self.process.poll() is None:
                return
        raise AssertionError(f"expected nginx to start: {(self.folder / 'error.log').read_text()}")

    def _start(self, unix):
        file, log = self.folder / "nginx.conf", self.folder / "error.log"
        file.write_text(config.format(folder=self.folder, unix=unix, port=self.port), encoding="utf-8")
        return subprocess.Popen([support.tool("nginx"), "-p", str(self.folder), "-e", str(log), "-c", str(file)],
                                stdin=subprocess.DEVNULL)

    def _listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        """Its exit code."""
        self.process.terminate()
        return self.process.wait(support.patience)
