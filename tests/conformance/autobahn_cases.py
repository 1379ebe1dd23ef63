"""The cases of the Autobahn test suite for servers, by its numbers: what is sent, and what has to come back.

The suite (github.com/crossbario/autobahn-testsuite) needs Python 2; these are its 517 cases, said anew. Where it waits for
a second, this waits for the event itself. Where it takes any end of the connection, this wants the close frame with its
code for OK, and calls an end without it NON-STRICT.
"""
import dataclasses
import struct
import typing

import autobahn_data
from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, fragments, frame

NORMAL, PROTOCOL_ERROR, BAD_PAYLOAD = 1000, 1002, 1007
KIB, MIB = 1 << 10, 1 << 20


@dataclasses.dataclass
class Case:
    number: str
    what: str
    sends: list = dataclasses.field(default_factory=list)   # bytes, or (bytes, chop)
    expected: list = dataclasses.field(default_factory=list)  # the events, in order, before the close
    lenient: typing.Optional[list] = None                   # NON-STRICT, where these came instead
    codes: tuple = (NORMAL,)                                # one of these closes
    closes: str = "us"                 # who begins to close. us: once all that is expected has come; sent: `sends` does; server
    informational: bool = False        # the RFC leaves it open: told, and not judged
    play: typing.Optional[typing.Callable] = None  # in the place of sending: (peer) -> a sentence, where it went wrong
    extensions: typing.Optional[str] = None


def message(payload, binary=False):
    return ("message", payload, binary)


def close(code=None, reason=b""):
    return frame(CLOSE, (struct.pack("!H", code) if code is not None else b"") + reason)


def broken(number, what, *sends, expected=(), codes=(PROTOCOL_ERROR,)):
    """The server fails the connection; what it should have answered before that may be lost where it is not strict."""
    lenient = [] if expected else None
    return Case(number, what, list(sends), list(expected), lenient, codes, "server")


def framing():
    for kind, opcode, letter in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        sizes = [(0, None), (125, None), (126, None), (127, None), (128, None), (65535, None), (65536, None), (65536, 997)]
        for i, (size, chop) in enumerate(sizes, 1):
            yield Case(f"1.{kind}.{i}", f"{size} bytes" + (f" in chops of {chop}" if chop else ""),
                       [(frame(opcode, letter * size), chop)], [message(letter * size, kind == 2)])


def pings():
    bytes_ = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
    ten = [b"payload-%d" % i for i in range(10)]
    unasked = frame(PONG, b"unsolicited pong payload")
    for number, payload, chop in (("2.1", b"", None), ("2.2", b"Hello, world!", None), ("2.3", bytes_, None),
                                  ("2.4", b"\xfe" * 125, None), ("2.6", b"\xfe" * 125, 1)):
        yield Case(number, f"ping of {len(payload)} bytes", [(frame(PING, payload), chop)], [("pong", payload)])
    yield broken("2.5", "ping of 126 bytes", frame(PING, b"\xfe" * 126))
    yield Case("2.7", "pong that nobody asked for", [frame(PONG), close(NORMAL)], closes="sent")
    yield Case("2.8", "pong that nobody asked for, with a payload", [unasked, close(NORMAL)], closes="sent")
    yield Case("2.9", "such a pong, then a ping", [unasked, frame(PING, b"ping payload")], [("pong", b"ping payload")])
    for number, chop in (("2.10", None), ("2.11", 1)):
        yield Case(number, "ten pings", [(frame(PING, p), chop) for p in ten], [("pong", p) for p in ten])


def reserved():
    hello, binary = b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
    yield broken("3.1", "text with RSV 1", frame(TEXT, hello, rsv=1))
    for number, rsv, chop in (("3.2", 2, None), ("3.3", 3, None), ("3.4", 4, 1)):
        all_ = [(frame(TEXT, hello), chop), (frame(TEXT, hello, rsv=rsv), chop), (frame(PING), chop)]
        yield broken(number, f"text, text with RSV {rsv}, ping", *all_, expected=[message(hello)])
    yield broken("3.5", "binary with RSV 5", frame(BINARY, binary, rsv=5))
    yield broken("3.6", "ping with RSV 6", frame(PING, hello, rsv=6))
    yield broken("3.7", "close with RSV 7", frame(CLOSE, rsv=7))
    for kind, first in ((1, 3), (2, 11)):
        name = f"reserved opcode {first}"
        yield broken(f"4.{kind}.1", name, frame(first))
        yield broken(f"4.{kind}.2", f"reserved opcode {first + 1} with a payload", frame(first + 1, b"reserved opcode payload"))
        for i, payload, chop in ((3, b"", None), (4, hello, None), (5, hello, 1)):
            opcode = first + i - 1
            yield broken(f"4.{kind}.{i}", f"text, reserved opcode {opcode}, ping", (frame(TEXT, hello), chop),
                         (frame(opcode, payload), chop), (frame(PING), chop), expected=[message(hello)])


def fragmentation():
    def part(i, opcode=CONTINUATION, fin=False):
        return frame(opcode, b"fragment%d" % i, fin)

    both = [part(1, TEXT), part(2, fin=True)]
    whole = message(b"fragment1fragment2")
    ping, pong = frame(PING, b"ping payload"), ("pong", b"ping payload")
    yield broken("5.1", "ping in two fragments", frame(PING, b"fragment1", fin=False), part(2, fin=True))
    yield broken("5.2", "pong in two fragments", frame(PONG, b"fragment1", fin=False), part(2, fin=True))
    yield Case("5.3", "text in two fragments", [b"".join(both)], [whole])
    yield Case("5.4", "the same, a frame at a time", both, [whole])
    yield Case("5.5", "the same, a byte at a time", [(b"".join(both), 1)], [whole])
    among = [both[0], ping, both[1]]
    yield Case("5.6", "text in two fragments, a ping between", [b"".join(among)], [pong, whole])
    yield Case("5.7", "the same, a frame at a time", among, [pong, whole])
    yield Case("5.8", "the same, a byte at a time", [(b"".join(among), 1)], [pong, whole])
    for first, fin in ((9, True), (12, False)):
        lost = [frame(CONTINUATION, b"non-continuation payload", fin), frame(TEXT, b"Hello, world!")]
        name = f"continuation of nothing, FIN {int(fin)}, then text"
        yield broken(f"5.{first}", name, b"".join(lost))
        yield broken(f"5.{first + 1}", name + ", a frame at a time", *lost)
        yield broken(f"5.{first + 2}", name + ", a byte at a time", (b"".join(lost), 1))
    yield broken("5.15", "text in two fragments, continuation of nothing, text",
                 b"".join(both + [part(3), frame(TEXT, b"fragment4")]), expected=[whole])
    for number, fin in (("5.16", False), ("5.17", True)):
        yield broken(number, "continuation of nothing, then text in two fragments, twice",
                     b"".join([part(1, fin=fin), part(2, TEXT), part(3, fin=True)] * 2))
    yield broken("5.18", "two fragments, both with the opcode of text", part(1, TEXT) + part(2, TEXT, fin=True))
    first = [part(1, TEXT), part(2), frame(PING, b"pongme 1!")]
    second = [part(3), part(4), frame(PING, b"pongme 2!"), part(5, fin=True)]
    for number, apart in (("5.19", False), ("5.20", True)):
        yield Case(number, "text in five fragments with two pings, the first answered before the rest is sent",
                   expected=[("pong", b"pongme 2!"), message(b"".join(b"fragment%d" % i for i in range(1, 6)))],
                   play=lambda peer, apart=apart: answered_on_the_way(peer, first, second, apart))


def answered_on_the_way(peer, first, second, apart):
    for piece in first if apart else [b"".join(first)]:
        peer.send(piece)
    got = peer.event()
    if got != ("pong", b"pongme 1!"):
        return f"expected the first pong before the rest was sent, got {got}"
    for piece in second if apart else [b"".join(second)]:
        peer.send(piece)
    return None


GREEK = bytes.fromhex("cebae1bdb9cf83cebcceb5")
WRONG_AT_12 = GREEK + bytes.fromhex("f4908080") + b"edited"


def utf8_in_fragments():
    mixed = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!".encode()
    half = len("Hello-\u00b5@\u00df\u00f6\u00e4".encode())
    middle = b"middle frame payload"
    yield Case("6.1.1", "empty text", [frame(TEXT)], [message(b"")])
    yield Case("6.1.2", "three empty fragments", [frame(TEXT, fin=False) + frame(0, fin=False) + frame(0)], [message(b"")])
    yield Case("6.1.3", "empty fragments around one", [frame(TEXT, fin=False) + frame(0, middle, fin=False) + frame(0)],
               [message(middle)])
    yield Case("6.2.1", "UTF-8 in one frame", [frame(TEXT, mixed)], [message(mixed)])
    yield Case("6.2.2", "cut between characters", [frame(TEXT, mixed[:half], fin=False) + frame(0, mixed[half:])], [message(mixed)])
    yield Case("6.2.3", "cut in characters", [fragments(TEXT, mixed, 1)], [message(mixed)])
    yield Case("6.2.4", "cut in characters, Greek", [fragments(TEXT, GREEK, 1)], [message(GREEK)])
    surrogate = GREEK + b"\xed\xa0\x80edited"
    yield broken("6.3.1", "not UTF-8", frame(TEXT, surrogate), codes=(BAD_PAYLOAD,))
    yield broken("6.3.2", "not UTF-8, in fragments of a byte", fragments(TEXT, surrogate, 1), codes=(BAD_PAYLOAD,))
    cuts = {"6.4.1": (11, 15, True), "6.4.2": (12, 13, True), "6.4.3": (11, 15, False), "6.4.4": (12, 13, False)}
    for number, (first, second, apart) in cuts.items():
        name = "not UTF-8 in its second of three " + ("fragments" if apart else "chops of a frame")
        yield Case(number, name + ": refused before the third", codes=(BAD_PAYLOAD,), closes="server",
                   play=lambda peer, a=first, b=second, apart=apart: refused_early(peer, a, b, apart))


def refused_early(peer, first, second, apart):
    """Whether the part that makes it wrong is refused before the last one is sent."""
    if apart:
        peer.send(frame(TEXT, WRONG_AT_12[:first], fin=False) + frame(PING))  # a pong: what came before it was taken
        got = peer.event()
        if got != ("pong", b""):
            return f"expected the first fragment to be taken, got {got}"
        peer.send(frame(CONTINUATION, WRONG_AT_12[first:second], fin=False))
        return None
    whole = frame(TEXT, WRONG_AT_12)
    head = len(whole) - len(WRONG_AT_12)
    peer.send(whole[:head + first])
    got = peer.event(limit=0.2)
    if got != ("silence",):
        return f"expected the first chop to be taken, got {got}"
    peer.send(whole[head + first:head + second])
    return None


def utf8_sequences():
    """After Markus Kuhn's UTF-8 decoder stress test; which of them are UTF-8, Python's decoder says."""
    def spread(first, behind):
        return b"".join(bytes([b, 0x20]) for b in range(first, behind))

    x = bytes.fromhex
    cut = [x(h) for h in ("c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf")]
    high, low = ("eda080", "edadbf", "edae80", "edafbf"), ("edb080", "edbfbf")
    others = [bytes([a, b, 0xbf, c]) for a in range(0xf0, 0xf5) for b in (0x8f, 0x9f, 0xaf, 0xbf) for c in (0xbe, 0xbf)
              if not (a == 0xf4 and b != 0x8f) and not (a == 0xf0 and b == 0x8f)]
    return [
        [b"hello\x24world", b"hello\xc2\xa2world", b"hello\xe2\x82\xacworld", b"hello\xf0\xa4\xad\xa2world", GREEK],
        [GREEK[:i] for i in range(1, len(GREEK) + 1)],
        [b"\0", x("c280"), x("e0a080"), x("f0908080")],
        [x("f888808080"), x("fc8480808080")],
        [b"\x7f", x("dfbf"), x("efbfbf"), x("f48fbfbf")],
        [x("f7bfbfbf"), x("fbbfbfbfbf"), x("fdbfbfbfbfbf")],
        [x("ed9fbf"), x("ee8080"), x("efbfbd"), x("f48fbfbf"), x("f4908080")],
        [x("80"), x("bf"), x("80bf"), x("80bf80"), x("80bf80bf"), x("80bf80bf80"), x("80bf80bf80bf"), bytes(range(0x80, 0xbf))],
        [spread(0xc0, 0xdf), spread(0xe0, 0xef), spread(0xf0, 0xf7), spread(0xf8, 0xfb), spread(0xfc, 0xfd)],
        cut,
        [b"".join(cut)],
        [b"\xfe", b"\xff", x("fefeffff")],
        [x("c0af"), x("e080af"), x("f08080af"), x("f8808080af"), x("fc80808080af")],
        [x("c1bf"), x("e09fbf"), x("f08fbfbf"), x("f887bfbfbf"), x("fc83bfbfbfbf")],
        [x("c080"), x("e08080"), x("f0808080"), x("f880808080"), x("fc8080808080")],
        [x(h) for h in (*high, "edb080", "edbe80", "edbfbf")],
        [x(a + b) for a in high for b in low],
        [x("efbfbe"), x("efbfbf"), *others],
        [x(f"efbf{b:02x}") for b in range(0xb9, 0xc0)],
    ]


def utf8():
    for i, group in enumerate(utf8_sequences(), 5):
        for j, payload in enumerate(group, 1):
            number, name = f"6.{i}.{j}", f"text {payload[:12].hex()}"
            try:
                payload.decode()
                yield Case(number, name, [frame(TEXT, payload)], [message(payload)])
            except UnicodeDecodeError:
                yield broken(number, name + ", which is not UTF-8", frame(TEXT, payload), codes=(BAD_PAYLOAD,))


def closing():
    hello = b"Hello World!"
    long = (b"BAsd7&jh23" * (256 * KIB // 10 + 1))[:256 * KIB]

    def sent(number, what, *sends, expected=(), codes=(NORMAL,), informational=False):
        return Case(number, what, [b"".join(sends)], list(expected), None, codes, "sent", informational)

    yield Case("7.1.1", "text, then close", [frame(TEXT, hello)], [message(hello)])
    yield sent("7.1.2", "close twice", close(NORMAL), close())
    yield sent("7.1.3", "ping behind close", close(NORMAL), frame(PING))
    yield sent("7.1.4", "text behind close", close(NORMAL), frame(TEXT, hello))
    yield sent("7.1.5", "close between fragments", frame(TEXT, b"fragment1", fin=False), close(NORMAL), frame(0, b"fragment2"))
    yield sent("7.1.6", "256 KiB, text, close, ping", frame(TEXT, long), frame(TEXT, hello), close(NORMAL), frame(PING),
               expected=[message(long), message(hello)], informational=True)
    yield sent("7.3.1", "close without a code", close(), codes=(NORMAL, None))
    yield sent("7.3.2", "close of one byte", frame(CLOSE, b"a"), codes=(PROTOCOL_ERROR,))
    yield sent("7.3.3", "close with a code", close(NORMAL))
    yield sent("7.3.4", "close with a reason", close(NORMAL, hello))
    yield sent("7.3.5", "close with a reason of 123 bytes", close(NORMAL, b"*" * 123))
    yield sent("7.3.6", "close with a reason of 124 bytes", close(NORMAL, b"*" * 124), codes=(PROTOCOL_ERROR,))
    yield sent("7.5.1", "close with a reason that is not UTF-8", close(NORMAL, GREEK + b"\xed\xa0\x80edited"),
               codes=(PROTOCOL_ERROR, BAD_PAYLOAD))
    for i, code in enumerate((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999), 1):
        yield sent(f"7.7.{i}", f"close {code}", close(code), codes=(NORMAL, code))
    for i, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        yield sent(f"7.9.{i}", f"close {code}, which is not to be sent", close(code), codes=(PROTOCOL_ERROR,))
    for i, code in enumerate((5000, 65535), 1):
        yield sent(f"7.13.{i}", f"close {code}, which the RFC does not speak of", close(code),
                   codes=(NORMAL, code, PROTOCOL_ERROR), informational=True)


def sizes():
    def load(size, binary):
        unit = bytes(range(256)) if binary else b"BAsd7&jh23"
        return (unit * (size // len(unit) + 1))[:size]

    for kind, binary in ((1, False), (2, True)):
        opcode = BINARY if binary else TEXT
        for i, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB), 1):
            payload = load(size, binary)
            yield Case(f"9.{kind}.{i}", f"{size} bytes", [frame(opcode, payload)], [message(payload, binary)])
        payload = load(4 * MIB, binary)
        for i, size in enumerate((64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB), 1):
            yield Case(f"9.{kind + 2}.{i}", f"4 MiB in fragments of {size}", [fragments(opcode, payload, size)],
                       [message(payload, binary)])
        payload = load(MIB, binary)
        for i, size in enumerate((64, 128, 256, 512, 1024, 2048), 1):
            yield Case(f"9.{kind + 4}.{i}", f"1 MiB in chops of {size}", [(frame(opcode, payload), size)],
                       [message(payload, binary)])
        for i, size in enumerate((0, 16, 64, 256, 1024, 4096), 1):
            payload = (b"\xfe" if binary else b"*") * size
            yield Case(f"9.{kind + 6}.{i}", f"1000 times {size} bytes, one after the other",
                       play=lambda peer, o=opcode, p=payload: round_trips(peer, o, [p] * 1000))
    payload = b"*" * 65536
    yield Case("10.1.1", "65536 bytes in fragments of 1300", [fragments(TEXT, payload, 1300)], [message(payload)])


def round_trips(peer, opcode, messages, fragment=0):
    for sent in messages:
        peer.send_message(opcode, sent, fragment)
        got = peer.event()
        if got != message(sent, opcode == BINARY):
            return f"expected an echo of {len(sent)} bytes, got {got[0]} {len(got[1]) if got[0] == 'message' else got[1:]}"
    return None


def compression():
    """The suite sends each size a thousand times; here as often as gives half a mebibyte, and eight times at least."""
    sizes_ = [16, 64, 256, KIB, 4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB]
    rounds = [(size, 0) for size in sizes_] + [(size, 256) for size in sizes_[5:]]
    rounds += [(128 * KIB, fragment) for fragment in (KIB, 4 * KIB, 32 * KIB)]
    usual = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
    forget, small, full = "; server_no_context_takeover", "; server_max_window_bits=9", "; server_max_window_bits=15"
    groups = [(f"12.{i}", name, usual) for i, name in enumerate(autobahn_data.names, 1)]
    groups += [(f"13.{i}", "json", offer) for i, offer in enumerate((
        usual, usual + forget, usual + small, usual + full, usual + forget + small, usual + forget + full,
        f"{usual}{forget}{small}, {usual}{forget}, {usual}"), 1)]
    for group, name, offer in groups:
        data, binary = autobahn_data.load(name)
        for i, (size, fragment) in enumerate(rounds, 1):
            count = max(8, min(1000, MIB // 2 // size))
            messages = [autobahn_data.piece(data, n * size, size) for n in range(count)]
            yield Case(f"{group}.{i}", f"{count} times {size} bytes of {name}" + (f" in fragments of {fragment}" if fragment else ""),
                       play=lambda peer, o=BINARY if binary else TEXT, m=messages, f=fragment: compressed_trips(peer, o, m, f),
                       extensions=offer)


def compressed_trips(peer, opcode, messages, fragment):
    if not peer.deflate:
        return "expected permessage-deflate to be agreed on, it was not"
    return round_trips(peer, opcode, messages, fragment)


def all_cases():
    for group in (framing, pings, reserved, fragmentation, utf8_in_fragments, utf8, closing, sizes, compression):
        yield from group()
