"""A client of WebSockets by hand, which also sends what it must not: bytes as a case wants them, in whatever chops."""
import base64
import os
import re
import socket
import struct
import zlib

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RSV1 = 4  # as in `rsv`: the bits of RSV1, RSV2 and RSV3


def masked(payload, key):
    """All bytes at once: as one large number."""
    if not payload:
        return b""
    size = len(payload)
    pad = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pad, "little")).to_bytes(size, "little")


def frame(opcode, payload=b"", fin=True, rsv=0, key=None):
    """One of a client, masked with a random key."""
    key = os.urandom(4) if key is None else key
    size = len(payload)
    if size < 126:
        length = struct.pack("!B", 0x80 | size)
    elif size < 1 << 16:
        length = struct.pack("!BH", 0x80 | 126, size)
    else:
        length = struct.pack("!BQ", 0x80 | 127, size)
    return bytes([(0x80 if fin else 0) | rsv << 4 | opcode]) + length + key + masked(payload, key)


def fragments(opcode, payload, size, rsv=0):
    """A message in frames of `size` bytes."""
    pieces = [payload[i:i + size] for i in range(0, len(payload), size)] or [b""]
    last = len(pieces) - 1
    key = os.urandom(4)
    return b"".join(frame(opcode if i == 0 else CONTINUATION, piece, i == last, rsv if i == 0 else 0, key)
                    for i, piece in enumerate(pieces))


class Deflate:
    """What was agreed on by permessage-deflate, RFC 7692, as both ends of it."""

    def __init__(self, answer):
        def bits(name):
            found = re.search(name + r'="?(\d+)', answer)
            return int(found.group(1)) if found else 15

        self.forget_own = "client_no_context_takeover" in answer
        self.forget_theirs = "server_no_context_takeover" in answer
        self.own_bits, self.their_bits = bits("client_max_window_bits"), bits("server_max_window_bits")
        self.out = self.into = None

    def pack(self, message):
        if self.out is None or self.forget_own:
            self.out = zlib.compressobj(1, zlib.DEFLATED, -max(self.own_bits, 9))
        return (self.out.compress(message) + self.out.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def unpack(self, message):
        if self.into is None or self.forget_theirs:
            self.into = zlib.decompressobj(-self.their_bits)
        return self.into.decompress(message + b"\0\0\xff\xff")


class Peer:
    """A connection after its handshake. Events: ("message", bytes, is_binary), ("pong", bytes), ("ping", bytes),
    ("close", code or None, reason), ("end",): the server closed the connection, ("silence",): nothing came in time."""

    def __init__(self, at, path, extensions=None, limit=30.0):
        self.socket = socket.create_connection(at, limit)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.limit = limit
        self.come = bytearray()
        self.parts = None  # of the message that is not complete
        key = base64.b64encode(os.urandom(16)).decode()
        offer = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {at[0]}:{at[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{offer}\r\n").encode())
        while b"\r\n\r\n" not in self.come:
            if not self._receive(limit):
                raise AssertionError(f"expected an answer to the handshake, got {bytes(self.come)!r}")
        head, _, rest = bytes(self.come).partition(b"\r\n\r\n")
        self.come = bytearray(rest)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(f"expected the handshake to be answered by 101, got {head!r}")
        agreed = re.search(rb"(?im)^sec-websocket-extensions: *(.*?)\r?$", head)
        self.deflate = Deflate(agreed.group(1).decode()) if agreed else None

    def close(self):
        self.socket.close()

    def send(self, data, chop=None):
        """Bytes, perhaps in pieces. A server that has given up may have closed: what it said is read all the same."""
        try:
            if not chop:
                self.socket.sendall(data)
            for i in range(0, len(data) if chop else 0, chop or 1):
                self.socket.sendall(data[i:i + chop])
        except OSError:
            pass

    def send_message(self, opcode, message, fragment=0):
        """Compressed where that was agreed on; in frames of `fragment` bytes."""
        rsv = RSV1 if self.deflate else 0
        payload = self.deflate.pack(message) if self.deflate else message
        self.send(fragments(opcode, payload, fragment or len(payload) or 1, rsv))

    def event(self, limit=None):
        while True:
            try:
                got = self._frame(self.limit if limit is None else limit)
            except TimeoutError:
                return ("silence",)
            if got is None:
                return ("end",)
            fin, rsv, opcode, payload = got
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None
                return ("close", code, payload[2:].decode())
            if opcode in (PING, PONG):
                return ("ping" if opcode == PING else "pong", payload)
            if opcode != CONTINUATION:
                self.parts = (opcode, rsv, [])
            self.parts[2].append(payload)
            if fin:
                return self._message()

    def _message(self):
        (opcode, rsv, parts), self.parts = self.parts, None
        message = b"".join(parts)
        if rsv not in (0, RSV1) or (rsv and not self.deflate):
            raise AssertionError(f"expected no bits that were not agreed on, got RSV {rsv}")
        if rsv:
            message = self.deflate.unpack(message)
        if opcode == TEXT:
            message.decode()
        return ("message", message, opcode == BINARY)

    def _frame(self, limit):
        if not self._has(2, limit):
            return None
        first, second = self.come[0], self.come[1]
        if second & 0x80:
            raise AssertionError("expected frames of a server without a mask, got one")
        size, head = second & 0x7f, 2
        if size > 125:
            extra = 2 if size == 126 else 8
            if not self._has(2 + extra, limit):
                return None
            size, head = int.from_bytes(self.come[2:2 + extra], "big"), 2 + extra
        if not self._has(head + size, limit):
            return None
        payload = bytes(memoryview(self.come)[head:head + size])
        del self.come[:head + size]
        return bool(first & 0x80), first >> 4 & 7, first & 15, payload

    def _has(self, count, limit):
        while len(self.come) < count:
            if not self._receive(limit):
                return False
        return True

    def _receive(self, limit):
        """False: no more comes. A connection that was reset has ended, too."""
        self.socket.settimeout(limit)
        try:
            more = self.socket.recv(1 << 20)
        except ConnectionError:
            return False
        self.come += more
        return bool(more)
