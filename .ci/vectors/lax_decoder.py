"""A decoder that reads the structure of packets and judges nothing else: written from the standards alone, to hold the values
and streams of the vectors against, and to run the example of their page."""

import struct

TYPES = (
    "- CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP "
    "DISCONNECT AUTH"
).split()

# Identifier: name and type (byte, two bytes, four bytes, variable, string or binary, pair).
PROPERTIES = {
    1: ("payload-format-indicator", "B"),
    2: ("message-expiry-interval", "I"),
    3: ("content-type", "s"),
    8: ("response-topic", "s"),
    9: ("correlation-data", "s"),
    11: ("subscription-identifier", "v"),
    17: ("session-expiry-interval", "I"),
    18: ("assigned-client-identifier", "s"),
    19: ("server-keep-alive", "H"),
    21: ("authentication-method", "s"),
    22: ("authentication-data", "s"),
    23: ("request-problem-information", "B"),
    24: ("will-delay-interval", "I"),
    25: ("request-response-information", "B"),
    26: ("response-information", "s"),
    28: ("server-reference", "s"),
    31: ("reason-string", "s"),
    33: ("receive-maximum", "H"),
    34: ("topic-alias-maximum", "H"),
    35: ("topic-alias", "H"),
    36: ("maximum-qos", "B"),
    37: ("retain-available", "B"),
    38: ("user-property", "p"),
    39: ("maximum-packet-size", "I"),
    40: ("wildcard-subscription-available", "B"),
    41: ("subscription-identifier-available", "B"),
    42: ("shared-subscription-available", "B"),
}


class Refused(Exception):
    pass


class Waits(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if self.left() < count:
            raise Refused("past the end")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def variable(self):
        value = 0
        for place in range(4):
            byte = self.number("B")
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value
        raise Refused("five bytes")

    def string(self):
        return self.take(self.number("H")).hex()

    def properties(self):
        block, found = Reader(self.take(self.variable())), []
        while block.left():
            identifier = block.variable()
            if identifier not in PROPERTIES:
                raise Refused("unknown property")
            name, form = PROPERTIES[identifier]
            if form == "p":
                found.append([name, block.string(), block.string()])
            else:
                found.append([name, {"s": block.string, "v": block.variable}.get(form, lambda: block.number(form))()])
        return found


class Packet:
    """The values of one packet, read in the order of the standard."""

    def __init__(self, first, body, version):
        self.reader, self.version, self.v5, self.values = Reader(body), version, version == "5", {}
        self.kind, self.flags = TYPES[first >> 4], first & 15
        wanted = 2 if self.kind in ("PUBREL", "SUBSCRIBE", "UNSUBSCRIBE") else 0
        if self.kind == "-" or self.kind == "AUTH" and not self.v5:
            raise Refused("type")
        # In 3.1 those with flags may have DUP.
        if self.kind != "PUBLISH" and self.flags & ~(8 if version == "3.1" and wanted else 0) != wanted:
            raise Refused("flags")
        getattr(self, self.kind.lower())()
        if self.reader.left():
            raise Refused("trailing bytes")

    def properties(self, key="properties"):
        found = self.reader.properties() if self.v5 else []
        if found:
            self.values[key] = found

    def connect(self):
        values, reader = self.values, self.reader
        values["protocol-name"], values["protocol-level"] = reader.string(), reader.number("B")
        flags = reader.number("B")
        values["clean-start"], values["keep-alive"] = flags >> 1 & 1, reader.number("H")
        self.properties()
        values["client-identifier"] = reader.string()
        if flags & 0x04:
            values["will-qos"], values["will-retain"] = flags >> 3 & 3, flags >> 5 & 1
            self.properties("will-properties")
            values["will-topic"], values["will-payload"] = reader.string(), reader.string()
        for flag, name in ((0x80, "user-name"), (0x40, "password")):
            # In 3.1 either may be missing at the end.
            if flags & flag and (reader.left() or self.version != "3.1"):
                values[name] = reader.string()

    def connack(self):
        flags = self.reader.number("B")
        if self.version != "3.1":
            self.values["session-present"] = flags & 1
        self.values["reason-code"] = self.reader.number("B")
        self.properties()

    def publish(self):
        values, flags = self.values, self.flags
        values.update({"dup": flags >> 3, "qos": flags >> 1 & 3, "retain": flags & 1, "topic": self.reader.string()})
        if values["qos"]:
            values["packet-identifier"] = self.reader.number("H")
        self.properties()
        values["payload"] = self.reader.take(self.reader.left()).hex()

    def puback(self):
        self.values["packet-identifier"] = self.reader.number("H")
        self.disconnect()

    pubrec = pubrel = pubcomp = puback

    def subscribe(self):
        self.filters(lambda name, options: [name, options & 3] + (
            [options >> 2 & 1, options >> 3 & 1, options >> 4 & 3] if self.v5 else []
        ))

    def unsubscribe(self):
        self.filters(None)

    def filters(self, with_options):
        self.values["packet-identifier"] = self.reader.number("H")
        self.properties()
        found = self.values["topic-filters"] = []
        while self.reader.left():
            name = self.reader.string()
            found.append(with_options(name, self.reader.number("B")) if with_options else name)

    def suback(self):
        self.values["packet-identifier"] = self.reader.number("H")
        self.properties()
        if self.v5 or self.kind == "SUBACK":
            self.values["reason-codes"] = list(self.reader.take(self.reader.left()))

    unsuback = suback

    def pingreq(self):
        pass

    pingresp = pingreq

    def disconnect(self):
        if self.v5:
            self.values["reason-code"] = self.reader.number("B") if self.reader.left() else 0
            if self.reader.left():
                self.properties()

    auth = disconnect


def read(data, version):
    """Type, length and values of the packet that the bytes begin with."""
    length = 0
    for place in range(4):
        if len(data) < 2 + place:
            raise Waits
        length |= (data[1 + place] & 0x7F) << 7 * place
        if data[1 + place] < 0x80:
            break
    else:
        raise Refused("five bytes")
    head = 2 + place
    if len(data) < head + length:
        raise Waits
    packet = Packet(data[0], data[head : head + length], version)
    return packet.kind, head + length, packet.values


def my_decoder(data, version, sender):
    try:
        return ("valid", *read(data, version))
    except Refused:
        return ("invalid",)
    except Waits:
        return ("incomplete",)


class MyStreamDecoder:
    def __init__(self, version, sender):
        self.version, self.data = version, b""

    def feed(self, piece):
        self.data += piece
        while True:
            try:
                packet = read(self.data, self.version)
            except Waits:
                return
            self.data = self.data[packet[1] :]
            yield packet

    def pending(self):
        return len(self.data)
