#!/usr/bin/env python3
"""Checks a shim against the vectors before `mqtt-assay decoder` does: its lines, its order, its speed.

usage: check.py [--vectors FOLDER] [--show WHAT] [--speed] [--strict] -- COMMAND...

Every vector is asked as one packet (D) and, where the shim can, as a stream a byte at a time (S); so is every stream. What is not as the vectors
have it is counted by sort; `--show SORT` prints each of that sort. Whether shim or library is at fault is for whoever reads
it. `--strict`: exit code 1 unless all is as the vectors have it. `--speed`: decodes of a small PUBLISH a second, in bulk.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import threading
import time

HELLO = "HELLO mqtt-testee/1"
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "codec" / "vectors"


class Testee:
    """A shim as a process, which is started again where it died."""

    def __init__(self, command):
        self.command = command
        with self.process() as process:
            self.hello = process.communicate(HELLO + "\n")[0].strip()
        pairs = dict(word.split("=", 1) for word in self.hello.split()[2:])
        self.name = pairs["name"] + " " + pairs["version"]
        self.can = pairs["can"].split(",")
        self.hides = set(filter(None, pairs.get("hides", "").split(",")))

    def ask(self, questions):
        """The last lines of the answers, in order; `DIED` and its last words where the process died of a question. The
        packets of streams are left in `packets`, by the id of their question."""
        self.packets = collections.defaultdict(list)
        answers = []
        while len(answers) < len(questions):
            with self.process() as process:
                errors = []
                ask = threading.Thread(target=write, args=(process.stdin, [HELLO, *questions[len(answers):]]))
                listen = threading.Thread(target=lambda: errors.extend(process.stderr))
                ask.start(), listen.start()
                for line in process.stdout:
                    if line.startswith("P ") and line.endswith("\n"):
                        _, number, packet = line.rstrip("\n").split(" ", 2)
                        self.packets[number].append(packet)
                    elif line.endswith("\n") and not line.startswith("HELLO "):
                        answers.append(line.rstrip("\n"))
                ask.join(), listen.join()
            if len(answers) < len(questions):
                # What it had answered and not sent is lost: one by one, until it dies again.
                self.ask_one_by_one(questions, answers)
        return answers

    def ask_one_by_one(self, questions, answers):
        with self.process(stderr=subprocess.STDOUT) as process:
            process.stdin.write(HELLO + "\n")
            process.stdin.flush()
            process.stdout.readline()
            for question in questions[len(answers):]:
                words = ["P "]
                try:
                    process.stdin.write(question + "\n")
                    process.stdin.flush()
                    while words[-1].startswith("P "):
                        words.append(process.stdout.readline())
                except BrokenPipeError:
                    words.append("")
                if words[-1].rstrip("\n").split(" ")[1:2] != [question.split(" ")[1]]:
                    rest = process.stdout.read()
                    answers.append(f"DIED {process.wait()}: {words[-1]}{rest}".replace("\n", " / "))
                    return
                answers.append(words[-1].rstrip("\n"))
            process.stdin.close()

    def process(self, stderr=subprocess.PIPE):
        pipe = subprocess.PIPE
        return subprocess.Popen(self.command, stdin=pipe, stdout=pipe, stderr=stderr, text=True)


def write(stdin, questions):
    try:
        stdin.write("".join(question + "\n" for question in questions))
        stdin.close()
    except BrokenPipeError:
        pass


def fields_of(line, hides):
    """The fields of a line of values: each name with all its values, in their order."""
    fields = collections.defaultdict(list)
    for word in line.split(" ")[1:]:
        name, value = word.split("=", 1)
        fields[name].append(value)
    return {name: values for name, values in fields.items() if name.removeprefix("will.") not in hides}


def expected(vector, hides):
    """The same of a vector's values: lists one by one, properties under their own names."""
    fields = collections.defaultdict(list)
    for key, value in vector["values"].items():
        for item in value if isinstance(value, list) else [value]:
            name, parts = key, [str(part) for part in (item if isinstance(item, list) else [item])]
            if key.endswith("properties"):
                name = key.removesuffix("properties").replace("-", ".") + parts.pop(0)
            elif isinstance(value, list):
                name = key.removesuffix("s")
            fields[name].append(":".join(parts))
    return {name: values for name, values in fields.items() if name.removeprefix("will.") not in hides}


def judge(vector, answer, testee):
    word, _, rest = answer.partition(" ")
    verdict = vector["verdict"]
    if word in ("DIED", "K"):
        return word.lower() + (" of " + verdict if word == "DIED" else "")
    if verdict == "either":
        return "either, " + word
    if verdict == "invalid":
        return {"R": "invalid refused", "A": "invalid accepted", "N": "invalid waited for"}[word]
    if verdict == "incomplete":
        return {"R": "incomplete refused", "A": "incomplete accepted", "N": "incomplete waited for"}[word]
    if word != "A":
        return {"R": "valid refused", "N": "valid waited for"}[word]
    _, consumed, values = rest.split(" ", 2)
    if int(consumed) != len(vector["bytes"]) // 2:
        return "valid of another length"
    if values == "-" or "values" not in vector:
        return "valid accepted, no values"
    if values.split(" ")[0] != vector["packet"] or fields_of(values, testee.hides) != expected(vector, testee.hides):
        return "valid with other values"
    return "valid accepted, same values"


def judge_stream(stream, answer, packets, testee):
    """A stream: its packets, each with its piece and its values, and how it ends."""
    if answer.startswith("DIED"):
        return "stream: died"
    due = [(packet["piece"], packet["packet"], expected(packet, testee.hides)) for packet in stream["packets"]]
    got = []
    for number, packet in enumerate(packets):
        piece, line = packet.split(" ", 1)
        # What is not handed out is not compared.
        same = due[number][1:] if line == "-" and number < len(due) else (line.split(" ")[0], fields_of(line, testee.hides))
        got.append((int(piece), *same))
    ends = {"between": "A", "within": "N", "refused": "R"}
    if [packet[:2] for packet in got] != [packet[:2] for packet in due] or answer[0] != ends[stream["end"]]:
        return "stream: other packets or end"
    return "stream: same packets" if got == due else "stream: other values"


GOOD = ("valid accepted, same values", "invalid refused", "incomplete waited for", "either, A", "either, R", "stream: same packets",
        "stream as one packet")


def check(testee, folder, show):
    counts = collections.Counter()
    for version in ("3.1", "3.1.1", "5"):
        if version not in testee.can:
            continue
        vectors = json.load(open(folder / f"mqtt-{version}.json"))["vectors"]
        vectors = [vector for vector in vectors if "limits" not in vector and vector["sender"] in testee.can]
        head = [f"{number} {version} {vector['sender']} " for number, vector in enumerate(vectors)]
        answers = testee.ask(["D " + head[number] + vector["bytes"] for number, vector in enumerate(vectors)])
        for number, (vector, answer) in enumerate(zip(vectors, answers)):
            if answer.split(" ")[1] != str(number) and not answer.startswith("DIED"):
                sys.exit(f"an answer to {number} was due: {answer}")
            sort = judge(vector, answer, testee)
            counts[version, sort] += 1
            if show is not None and show in sort:
                print(f"{version} {sort}: {vector['id']} ({vector['comment']})\n    {vector['bytes'][:120]}\n    {answer}")
                if "values" in vector and "values" in sort:
                    print("    due:", vector["values"])
        if "stream" in testee.can:
            pieces = [",".join(map("".join, zip(*[iter(vector["bytes"])] * 2))) for vector in vectors]
            streams = testee.ask(["S " + head[number] + pieces[number] for number in range(len(vectors))])
            for vector, one, many in zip(vectors, answers, streams):
                whole = vector["verdict"] != "valid" and one[0] == "A" and many[0] in "ANR"
                sort = "stream as one packet" if one[0] == many[0] or whole else f"{one[0]} as one packet, {many[0]} in bytes"
                counts[version, sort] += 1
                if show is not None and show in sort:
                    print(f"{version} {sort}: {vector['id']}\n    {vector['bytes'][:120]}\n    {one}\n    {many}")
            check_streams(testee, folder, version, show, counts)
    return counts


def check_streams(testee, folder, version, show, counts):
    path = folder / f"streams-{version}.json"
    if not path.exists():
        return
    streams = [stream for stream in json.load(open(path))["streams"] if stream["sender"] in testee.can]
    questions = [
        f"S {number} {version} {stream['sender']} {','.join(stream['pieces'])}" for number, stream in enumerate(streams)
    ]
    answers = testee.ask(questions)
    for number, (stream, answer) in enumerate(zip(streams, answers)):
        sort = judge_stream(stream, answer, testee.packets[str(number)], testee)
        counts[version, sort] += 1
        if show is not None and show in sort:
            print(f"{version} {sort}: {stream['id']}\n    {','.join(stream['pieces'])[:120]}")
            print(f"    {testee.packets[str(number)]}\n    {answer}")
            print("    due:", stream["end"], [(packet["piece"], packet["packet"]) for packet in stream["packets"]])


def speed(testee, count=200_000):
    version = "3.1.1" if "3.1.1" in testee.can else "5"
    sender = "server" if "server" in testee.can else "client"
    publish = "30" + "50" + "000e" + b"sport/tennis/1".hex() + "61" * 64
    questions = [f"D {number} {version} {sender} {publish}" for number in range(count)]
    testee.ask(questions[:1])
    began = time.perf_counter()
    answers = testee.ask(questions)
    seconds = time.perf_counter() - began
    assert all(answer.startswith("A ") for answer in answers), answers[0]
    print(f"{testee.name}: {count / seconds:,.0f} decodes a second, start included")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=pathlib.Path, default=VECTORS)
    parser.add_argument("--show", metavar="SORT")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    testee = Testee(options.command)
    print(testee.hello)
    if options.speed:
        return speed(testee)
    counts = check(testee, options.vectors, options.show)
    for (version, sort), count in sorted(counts.items()):
        print(f"{version:6} {count:6} {sort}")
    if options.strict and any(sort not in GOOD for _, sort in counts):
        sys.exit(1)


if __name__ == "__main__":
    main()
