"""Reads TensorBoard's event files by their description, for the tests: TFRecord
framing, masked CRC-32C, and the few fields of the protobuf messages."""

import struct


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value of the catalogue


def unmasked(crc):
    rotated = (crc - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, crc = struct.unpack("<QI", data[at : at + 12])
        assert unmasked(crc) == crc32c(data[at : at + 8]), "length's checksum"
        record = data[at + 12 : at + 12 + length]
        assert len(record) == length, "cut short"
        (crc,) = struct.unpack("<I", data[at + 12 + length : at + 16 + length])
        assert unmasked(crc) == crc32c(record), "record's checksum"
        yield record
        at += 16 + length


def fields(message):
    """[(number, value)]: an int, a float, or bytes."""
    at, result = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        wire = key & 7
        if wire == 0:
            value = varint()
        elif wire == 1:
            (value,) = struct.unpack("<d", message[at : at + 8])
            at += 8
        elif wire == 5:
            (value,) = struct.unpack("<f", message[at : at + 4])
            at += 4
        else:
            assert wire == 2, wire
            length = varint()
            value = message[at : at + length]
            assert len(value) == length
            at += length
        result.append((key >> 3, value))
    return result


def one(message, number, default=None):
    return dict(fields(message)).get(number, default)


def read_events(path):
    """The version, the first step of the session, and
    {tag: [(step, seconds, number or text)]}."""
    with open(path, "rb") as file:
        version, *events = records(file.read())
    start, series = None, {}
    for event in events:
        seconds, step = one(event, 1), one(event, 2, 0)
        if one(event, 7) is not None:
            assert one(one(event, 7), 1) == 1  # START
            start = step
            continue
        value = one(one(event, 5), 1)
        tag = one(value, 1).decode()
        if one(value, 2) is not None:
            what = one(value, 2)
        else:
            plugin = one(one(value, 9), 1)
            assert one(plugin, 1) == b"text"
            what = one(one(value, 8), 8).decode()
        series.setdefault(tag, []).append((step, seconds, what))
    return one(version, 3).decode(), start, series
