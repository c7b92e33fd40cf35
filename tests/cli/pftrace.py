"""Reads .pftrace files: protobuf by the encoding's definition, messages by the field numbers that Perfetto publishes
(protos/perfetto/trace). It shares nothing with the program that wrote them, and takes nothing it does not know."""
from collections import namedtuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

TRACE = {1: "packet"}
PACKET = {8: "timestamp", 10: "sequence", 11: "track_event", 12: "interned_data", 13: "sequence_flags",
          60: "track_descriptor"}
TRACK_DESCRIPTOR = {1: "uuid", 2: "name", 3: "process", 5: "parent_uuid", 8: "counter"}
PROCESS_DESCRIPTOR = {1: "pid", 6: "process_name"}
COUNTER_DESCRIPTOR = {3: "unit"}
TRACK_EVENT = {4: "debug_annotations", 9: "type", 10: "name_iid", 11: "track_uuid", 30: "counter_value",
               47: "flow_ids"}
DEBUG_ANNOTATION = {4: "int_value", 6: "string_value", 10: "name"}
INTERNED_DATA = {2: "event_names"}
EVENT_NAME = {1: "iid", 2: "name"}
BEGIN, END, INSTANT, COUNTER = 1, 2, 3, 4
CLEARED, NEEDED = 1, 2
UNITS = {2: "count", 3: "bytes"}

Slice = namedtuple("Slice", "track name start end args flows")
Counter = namedtuple("Counter", "track time value")


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data, known):
    """Name and value of each field, in order; a field that is not known is an error."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        wire = tag & 7
        if wire == VARINT:
            value, at = varint(data, at)
        elif wire == BYTES:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        elif wire == FIXED64:
            value, at = int.from_bytes(data[at:at + 8], "little"), at + 8
        else:
            raise ValueError(f"wire type {wire}")
        if at > len(data):
            raise ValueError("a field reaches beyond its message")
        yield known[tag >> 3], value


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def text(value):
    return value.decode("utf-8")


class Trace:
    """A decoded trace. Tracks are named by their path below the run; `runs` are the runs' titles."""

    def __init__(self, data):
        self.tracks, self.parents, self.units, self.runs = {}, {}, {}, {}
        self.names = {}  # by sequence
        self.slices, self.counters = [], []
        self.open = {}  # by track
        events = []
        for name, packet in fields(data, TRACE):
            assert name == "packet"
            self.read_packet(dict(fields(packet, PACKET)), events)
        events.sort(key=lambda event: event[0])  # stable: the order in the file decides between equals
        for event in events:
            self.play(*event)
        if any(self.open.values()):
            raise ValueError("a slice does not end")

    def read_packet(self, packet, events):
        names = self.names.setdefault(packet["sequence"], {})
        if packet["sequence_flags"] & CLEARED:
            names.clear()
        elif not packet["sequence_flags"] & NEEDED:
            raise ValueError("a packet does not say that it needs what stands before it")
        if "track_descriptor" in packet:
            self.read_descriptor(dict(fields(packet["track_descriptor"], TRACK_DESCRIPTOR)))
        if "interned_data" in packet:
            for _, entry in fields(packet["interned_data"], INTERNED_DATA):
                entry = dict(fields(entry, EVENT_NAME))
                if entry["iid"] in names:
                    raise ValueError("a name is defined twice")
                names[entry["iid"]] = text(entry["name"])
        if "track_event" in packet:
            event = {"flow_ids": [], "debug_annotations": []}
            for name, value in fields(packet["track_event"], TRACK_EVENT):
                if isinstance(event.get(name), list):
                    event[name].append(value)
                else:
                    event[name] = value
            name = names[event["name_iid"]] if "name_iid" in event else None
            events.append((packet["timestamp"], event, name))

    def read_descriptor(self, track):
        uuid = track["uuid"]
        if uuid in self.tracks:
            raise ValueError("a track is declared twice")
        if "process" in track:
            self.runs[uuid] = text(dict(fields(track["process"], PROCESS_DESCRIPTOR))["process_name"])
            self.tracks[uuid] = ()
            return
        self.tracks[uuid] = self.tracks[track["parent_uuid"]] + (text(track["name"]),)
        self.parents[uuid] = track["parent_uuid"]
        if "counter" in track:
            self.units[uuid] = UNITS[dict(fields(track["counter"], COUNTER_DESCRIPTOR))["unit"]]

    def run_of(self, uuid):
        while uuid in self.parents:
            uuid = self.parents[uuid]
        return self.runs[uuid]

    def path(self, uuid):
        return self.run_of(uuid), "/".join(self.tracks[uuid])

    def play(self, time, event, name):
        uuid = event["track_uuid"]
        path = self.path(uuid)
        if event["type"] == COUNTER:
            if uuid not in self.units:
                raise ValueError(f"{path} is no counter")
            return self.counters.append(Counter(path, time, signed(event["counter_value"])))
        stack = self.open.setdefault(uuid, [])
        if event["type"] == END:
            self.slices.append(stack.pop()._replace(end=time))  # fails where nothing is open
            return None
        args = {}
        for annotation in event["debug_annotations"]:
            annotation = dict(fields(annotation, DEBUG_ANNOTATION))
            whole = "int_value" in annotation
            args[text(annotation["name"])] = str(signed(annotation["int_value"])) if whole else text(
                annotation["string_value"])
        made = Slice(path, name, time, time, args, event["flow_ids"])
        if event["type"] == INSTANT:
            return self.slices.append(made)
        if stack:
            raise ValueError(f"two slices of {path} overlap at {time}")
        return stack.append(made)
