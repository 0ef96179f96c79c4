"""What testees in Python share: the lines of `mqtt-testee/1` on standard input and output, and how values are written.

A shim calls `serve` with a function that returns a fresh decoder: an object with `feed(bytes)` and `next()`. `next` returns
`(consumed, values)` of the packet that is next in what was fed, or raises `Waits`, `Refused` or `Skipped`. Any other exception
is one that the library's callers would not expect: it is told as `R other`, with its class.
"""
import os
from importlib import metadata


class Waits(BaseException):
    """No packet yet: no exception of Python's own, so that no library takes it for one of its own."""


class Refused(Exception):
    """The library refuses the bytes: a word of the protocol, and what it says."""

    def __init__(self, kind, text):
        super().__init__(kind, text)
        self.kind, self.text = kind, text


class Skipped(Exception):
    """What the shim can't ask the library."""


def text(value):
    """Text or binary data in hexadecimal digits."""
    return value.encode().hex() if isinstance(value, str) else bytes(value).hex()


def serve(package, can, decoder):
    """Answers until the input ends. `decoder(version, sender)` is a fresh decoder, or raises `Skipped`."""
    hello = f"HELLO mqtt-testee/1 name={package} version={metadata.version(package)} can={can}"
    rest = b""
    # What came is answered, and sent before more is waited for.
    while came := os.read(0, 1 << 16):
        *lines, rest = (rest + came).split(b"\n")
        answers = [hello if line.startswith(b"HELLO ") else answer(line.decode(), decoder) for line in lines]
        output = "".join(line + "\n" for line in answers).encode()
        while output:
            output = output[os.write(1, output):]


def answer(line, decoder):
    word, number, *about = line.split(" ")
    if word not in ("D", "S"):
        return f"K {number} unknown"
    version, sender, digits = about
    lines = []
    try:
        decoder = decoder(version, sender)
        ask = one if word == "D" else pieces
        ask(decoder, number, digits, lines)
    except Waits:
        lines.append(f"N {number} -")
    except Skipped as why:
        lines.append(f"K {number} {why}")
    except Refused as refusal:
        lines.append(f"R {number} {refusal.kind} - {' '.join(refusal.text.split())}")
    except Exception as error:
        lines.append(f"R {number} other - {type(error).__name__}: {' '.join(str(error).split())}")
    return "\n".join(lines)


def one(decoder, number, digits, lines):
    decoder.feed(bytes.fromhex(digits))
    consumed, values = decoder.next()
    lines.append(f"A {number} {consumed} {values}")


def pieces(decoder, number, digits, lines):
    left = total = 0
    for piece, part in enumerate(digits.split(","), 1):
        decoder.feed(bytes.fromhex(part))
        left += len(part) // 2
        try:
            while True:
                consumed, values = decoder.next()
                lines.append(f"P {number} {piece} {values}")
                left -= consumed
                total += consumed
        except Waits:
            pass
    lines.append(f"A {number} {total} -" if left == 0 else f"N {number} -")
