"""What the cases of compression send: texts and bytes of five kinds, always the same."""
import functools
import json
import random

names = ["json", "bitmap", "prose", "html", "document"]
_bytes = 1 << 18


def _json(chance):
    user = lambda: {"id": chance.randrange(1 << 32), "name": f"user{chance.randrange(1000)}", "tags": ["a", "b\u00e9"],
                    "score": round(chance.random(), 6), "active": chance.random() < 0.5, "home": None}
    return json.dumps([user() for _ in range(_bytes // 90)], ensure_ascii=True).encode()


def _bitmap(chance):
    return bytes((x * y // 512 + chance.randrange(4)) % 256 for y in range(512) for x in range(512))


def _prose(chance):
    words = "und der die das Faust Mephistopheles Geist Welt w\u00e4r' sch\u00f6n f\u00fchlt nicht ich ein Wort; Tat, ach!".split()
    return " ".join(chance.choice(words) for _ in range(_bytes // 6)).encode()


def _html(chance):
    row = lambda: f'<tr class="row"><td id="c{chance.randrange(1 << 20)}">{chance.randrange(1000)}</td><td>text</td></tr>\n'
    return ("<!doctype html><table>\n" + "".join(row() for _ in range(_bytes // 60)) + "</table>").encode()


def _document(chance):
    return b"%PDF-1.4\n" + chance.randbytes(_bytes)


@functools.cache
def load(name):
    """The bytes, and whether they are sent as binary messages. Text is ASCII where it is cut anywhere."""
    made = {"json": _json, "bitmap": _bitmap, "prose": _prose, "html": _html, "document": _document}[name]
    return made(random.Random(name)), name not in ("json", "html")


def piece(data, begin, size):
    """From there on, and from the beginning again where it ends."""
    begin %= len(data)
    return (data[begin:begin + size] + data)[:size] if begin + size > len(data) else data[begin:begin + size]
