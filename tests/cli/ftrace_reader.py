"""A strict reader of the text of /sys/kernel/tracing/trace, for the events that `run --ftrace` writes.

It is the consumer that the tests state: a line that is not, byte for byte, of a form that the kernel prints is an error.
trace-cmd 3.1 reads its own trace.dat alone, no text.
"""
import re
from collections import namedtuple

HEADER = """\
# tracer: nop
#
# entries-in-buffer/entries-written: {0}/{0}   #P:1
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
"""
LINE = re.compile(r"(?P<task>.+?)-(?P<pid>\d+) +\[000\] (?P<flags>\.{5}|d\.h\.\.)  *(?P<s>\d+)\.(?P<us>\d{6}): "
                  r"(?P<event>\w+): (?P<fields>.*)")

POINTER = r"[0-9a-f]{16}"
QUEUE = rf"queue=(?P<queue>{POINTER}), doorbell=(?P<doorbell>\d+), type=[012], state=(?P<state>[0-4]), xcp_id=0"
FENCE = (r"driver=(?P<driver>amdgpu_eviction_fence|amdgpu_amdkfd_fence|amdgpu_userq_fence|drm_sched) "
         r"timeline=(?P<timeline>.+) context=(?P<context>\d+) seqno=(?P<seqno>[1-9]\d*)")
CLIENT = r"client_id=(?P<client>[1-9]\d*), type=[012], doorbell=(?P<doorbell>\d+)"
WORKER = (r"(?P<function>amdgpu_eviction_fence_suspend_worker|amdgpu_userq_restore_worker|evict_process_worker|"
          r"restore_process_worker|amdgpu_amdkfd_restore_userptr_worker|svm_range_restore_work)")
OPCODE = (r"(?P<opcode>ADD_QUEUE|REMOVE_QUEUE|SUSPEND|RESUME|MISC|INV_TLBS|RESET|SET_HW_RSRC|"
          r"QUERY_SCHEDULER_STATUS)")
FIELDS = {
    "amdgpu_userq_create_start": QUEUE,
    "amdgpu_userq_create_end": QUEUE + r", result=(?P<result>0|-22|-110)",
    "amdgpu_userq_destroy_start": QUEUE,
    "amdgpu_userq_destroy_end": QUEUE + r", result=(?P<result>0|-22|-110)",
    "amdgpu_userq_state_start": CLIENT + r", from=(?P<state>[0-3])",
    "amdgpu_userq_state_changed": CLIENT + r", to=(?P<state>[0-4])",
    "amdgpu_userq_emit_fence": rf"dev=0000:03:00\.0, {CLIENT}, fence=(?P<context>\d+):(?P<seqno>\d+)",
    "amdgpu_userq_wait_deps":
        rf"dev=0000:03:00\.0, {CLIENT}, context=\d+ depends on fence=(?P<context>\d+):(?P<seqno>\d+)",
    "amdgpu_bo_move": rf"bo=(?P<bo>{POINTER}), from=(?P<source>[012]), to=(?P<to>[012]), size=(?P<size>[1-9]\d*)",
    "workqueue_queue_work":
        rf"work struct=(?P<work>{POINTER}) function={WORKER} "
        r"workqueue=(events|events_freezable|kfd_restore_wq) req_cpu=8192 cpu=0",
    "workqueue_execute_start": rf"work struct (?P<work>{POINTER}): function {WORKER}",
    "workqueue_execute_end": rf"work struct (?P<work>{POINTER}): function {WORKER}",
    "console": rf"amdgpu 0000:03:00\.0: amdgpu: MES (?:msg={OPCODE}(?P<operation>(?<=MISC) \(WAIT_REG_MEM\))?"
               rf"(?<!MISC) was emitted|"
               rf"failed to respond to msg={OPCODE.replace('opcode', 'late')})",
    "tracing_mark_write": r"(?:9 (?P<evict_ns>\d+) -(?P<evicted>\d+) 1 (?P<trigger>[0-3])|"
                          r"a (?P<restore_ns>\d+) -(?P<restored>\d+) 1 (?P<rescheduled>[0R]))",
}
for moment in ("init", "emit", "enable_signal", "signaled", "wait_start", "wait_end", "destroy"):
    FIELDS[f"dma_fence_{moment}"] = FENCE
FIELDS = {event: re.compile(fields) for event, fields in FIELDS.items()}

Event = namedtuple("Event", "us task pid name fields")


def read(text):
    """The events of a trace. Raises ValueError at what is no trace as the kernel prints it."""
    body = text.split("\n")
    if body.pop() != "":
        raise ValueError("the last line has no end")
    lines = body[HEADER.count("\n"):]
    if text[:len(text) - len("\n".join(lines + [""]))] != HEADER.format(len(lines)):
        raise ValueError("the header is not the kernel's, or counts other lines")
    events, last = [], 0
    for number, line in enumerate(lines, HEADER.count("\n") + 1):
        match = LINE.fullmatch(line)
        fields = match and match["event"] in FIELDS and FIELDS[match["event"]].fullmatch(match["fields"])
        if not fields:
            raise ValueError(f"line {number}: not of a known form: {line}")
        us = int(match["s"]) * 1_000_000 + int(match["us"])
        column = f"{match['task']}-{match['pid']:<7} [000] {match['flags']} {int(match['s']):5}.{match['us']}: "
        if not line.startswith(column) or len(match["task"].encode()) < 16:  # the kernel pads bytes
            raise ValueError(f"line {number}: columns are not the kernel's: {line}")
        if us < last:
            raise ValueError(f"line {number}: goes back in time: {line}")
        last = us
        events.append(Event(us, match["task"].lstrip(), int(match["pid"]), match["event"], fields.groupdict()))
    return events
