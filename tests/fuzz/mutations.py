"""Mutations of bytes, and of JSON: values are swapped, lied about, nested, dropped, doubled or made huge."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    255,
    2**31,
    2**63,
    -(2**63),
    2**64,
    10**400,
    0.5,
    -0.0,
    1e-320,
    1e308,
    1e400,
    float("nan"),
)
TEXTS = (
    *(
        "",
        "\0",
        "\u202edrib",
        "\ufeff",
        "\ud800",
        "<script>alert(1)</script>",
        '" onload="x',
        "=cmd|' /C calc'!A0",
    ),
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "x" * 10_000,
        "a\nb\r\tc",
        "\x1b[31m",
        "NaN",
        "null",
        "%s%n{0}",
        "🦄",
    ),
    *("__class__", "os.system", "node", "dict", "tuple", "inf", "1e999999999", "float", "object", "O"),
)
PIECES = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r\n",
        b"\r",
        b"=",
        b"{",
        b"}",
    ),
    *(
        b"[",
        b"]",
        b"\xe2\x80\xae",
        b"\xed\xa0\x80",
        b"\xf0\x9f\xa6\x84",
        b"<script>",
        b"=cmd()",
        b"nan",
        b"1e999",
    ),
    *(
        b"9" * 400,
        b"0x1",
        b"-",
        b"2024-02-30",
        b"true",
        b"a" * 10_000,
        b"\x1b[2J",
        b"," * 2_000,
        b"\n" * 2_000,
    ),
)


def bytes_mutated(data: bytes, random: Random) -> bytes:
    """Change, insert, drop, double or move bytes."""
    if not data:
        return random.choice(PIECES)
    start = random.randrange(len(data))
    end = min(len(data), start + random.choice((1, 1, 2, 4, 8, 64, len(data))))
    ways = (
        lambda: data[:start] + bytes([data[start] ^ (1 << random.randrange(8))]) + data[start + 1 :],
        lambda: data[:start] + random.choice(PIECES) + data[start:],
        lambda: data[:start] + random.choice(PIECES) + data[end:],
        lambda: data[:start] + data[end:],
        lambda: data[:end] + data[start:],
        lambda: data[:start] + random.randbytes(end - start) + data[end:],
        lambda: data[:start],
        lambda: data[:start] + random.getrandbits(64).to_bytes(8, "little") + data[start + 8 :],
    )
    return random.choice(ways)()


def json_mutated(content: Any, random: Random) -> Any:
    """A copy of a JSON value in which something, anywhere, is something else."""
    content = deepcopy(content)
    places = list(_places(content))
    if not places:
        return _value(content, [content], random)
    parent, key = random.choice(places)
    others = [owner[place] for owner, place in random.sample(places, min(len(places), 8))]
    if isinstance(parent, dict) and random.random() < 0.15:
        parent[random.choice(TEXTS)] = parent.pop(key)
    elif random.random() < 0.15:
        del parent[key]
    elif isinstance(parent, list) and random.random() < 0.2:
        parent.insert(key, _value(parent[key], others, random))
    else:
        parent[key] = _value(parent[key], others, random)
    return content


def _places(content: Any):
    """Every place in a JSON value, as its container and key."""
    todo = [content]
    while todo:
        owner = todo.pop()
        keys = owner if isinstance(owner, dict) else range(len(owner)) if isinstance(owner, list) else ()
        for key in keys:
            yield owner, key
            todo.append(owner[key])


def _value(value: Any, others: list[Any], random: Random) -> Any:
    """Another value in the place of one; often of its own kind, as others are noticed at once."""
    if isinstance(value, bool) and random.random() < 0.5:
        return not value
    if isinstance(value, int | float) and random.random() < 0.5:
        return random.choice((value + 1, -value, value * 1000, value // 2, random.randint(-5, 100)))
    kind = random.random()
    if kind < 0.45:
        return deepcopy(random.choice(others))
    if kind < 0.6:
        return random.choice(NUMBERS)
    if kind < 0.75:
        return random.choice(TEXTS)
    if kind < 0.9:
        return random.choice(
            (None, True, False, [], {}, [value], [value] * 50, {"node": random.randint(0, 40)})
        )
    for _ in range(random.choice((5, 40))):
        value = [value]
    return value


def json_text(content: Any, random: Random) -> str:
    """Text of a JSON value, now and then with a key twice, or nested too deep."""
    text = json.dumps(content, separators=(",", ":"))
    if random.random() < 0.01:
        return text.replace("null", "[" * 5_000 + "]" * 5_000, 1)
    if random.random() < 0.03 and text.startswith("{") and len(text) > 2:
        text = text[:-1] + "," + text[1:]
    return text
