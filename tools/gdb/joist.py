"""gdb commands for programs that run Joist: who is there, and where does it wait.

    (gdb) source tools/gdb/joist.py
    (gdb) joist processes            all processes: pid, state, mailbox length, label
    (gdb) joist bt <1.42.1>          the backtrace of one that waits; its index, 42, or its label will do

Needs debug information of the library (CMAKE_BUILD_TYPE=RelWithDebInfo or Debug) and a live, stopped program: to show a waiting
process, its registers, and its frames if they are parked, are put in place for a moment and taken back.
"""

import re

import gdb

TAG_BITS = 20
STATES = {0: "runnable", 1: "waiting", 2: "ended"}
# What a context holds, and how far above it the stack pointer was: src/fiber/jump.hpp.
LAYOUTS = {
    "x86-64": {"saved": {"rip": 0, "rbp": 8}, "sp": "rsp", "above": 16},
    "aarch64": {"saved": {"x29": 0, "pc": 8}, "sp": "sp", "above": 16},
}
NODES = 4096


def atomic(value):
    """The content of a std::atomic."""
    fields = {f.name for f in value.type.strip_typedefs().fields()}
    if "_M_i" in fields:
        return value["_M_i"]
    for field in value.type.strip_typedefs().fields():
        return atomic(value[field])
    raise gdb.GdbError("joist: an atomic of a form this script does not know")


def atomic_pointer(value):
    return value["_M_b"]["_M_p"]


class Process:
    def __init__(self, node, control):
        self.control = control
        self.node = node
        self.index = int(control["index"])
        self.generation = int(atomic(control["generation"]))
        word = int(atomic(control["signals"]["word_"]))
        self.address = word >> TAG_BITS

    @property
    def pid(self):
        return f"<{self.node}.{self.index}.{self.generation}>"

    @property
    def alive(self):
        return self.address != 2

    @property
    def state(self):
        return STATES.get(self.address, "runnable, with signals")

    @property
    def label(self):
        extras = atomic_pointer(self.control["extras"]["at_"])
        if int(extras) == 0:
            return ""
        text = extras.dereference()["label"]["_M_dataplus"]["_M_p"]
        return text.string()


def schedulers():
    registry = gdb.parse_and_eval("'joist::v0::core::(anonymous namespace)::registry'")
    for node in range(1, NODES):
        here = atomic_pointer(registry["_M_elems"][node]["here"])
        if int(here) != 0:
            yield node, here.dereference()


def processes():
    for node, scheduler in schedulers():
        table = scheduler["table"]
        for i in range(int(atomic(table["made_"]))):
            process = Process(node, table["places_"][i])
            if process.alive:
                yield process


def find(text):
    text = text.strip()
    match = re.fullmatch(r"<?(?:(\d+)\.)?(\d+)(?:\.(\d+))?>?", text)
    if match:
        node, index, generation = (int(g) if g else None for g in match.groups())
        found = [p for p in processes()
                 if p.index == index and node in (None, p.node) and generation in (None, p.generation)]
    else:
        found = [p for p in processes() if text and p.label == text]
    if not found:
        raise gdb.GdbError(f"joist: expected a pid such as <1.42.1>, an index or a label of a living process, got {text!r}")
    return found[0]


def layout():
    architecture = gdb.selected_inferior().architecture().name()
    found = LAYOUTS["aarch64" if architecture.startswith("aarch64") else "x86-64"]
    if "begin_by_fcontext" in gdb.execute("info functions begin_by_fcontext", to_string=True).split("matching", 1)[-1].partition(":")[2]:
        raise gdb.GdbError("joist: this program was built with JOIST_FCONTEXT, whose contexts this script does not know")
    return found


class JoistCommand(gdb.Command):
    """Commands for programs that run Joist: joist processes, joist bt PID."""

    def __init__(self):
        super().__init__("joist", gdb.COMMAND_STACK, prefix=True)


class ProcessesCommand(gdb.Command):
    """List the processes: pid, state, mailbox length, label."""

    def __init__(self):
        super().__init__("joist processes", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for p in processes():
            print(f"{p.pid:<16} {p.state:<22} mailbox {int(p.control['box']['length']):<6} {p.label}")


class BacktraceCommand(gdb.Command):
    """Show where a waiting process waits: joist bt PID, or its index, or its label."""

    def __init__(self):
        super().__init__("joist bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        p = find(argument)
        context = int(p.control["context"])
        if context == 0 or int(p.control["stack"]) == 0:
            raise gdb.GdbError(f"joist: {p.pid} has not begun to run")
        there = layout()
        inferior = gdb.selected_inferior()
        parked = int(p.control["parked"])
        size = int(p.control["parked_bytes"]) if parked else 0
        if not parked and int(p.control["stack"]["resident"]) != int(p.control.address):
            raise gdb.GdbError(f"joist: {p.pid} runs: use thread apply all bt")
        covered = bytes(inferior.read_memory(context, size)) if size else b""
        if size:
            inferior.write_memory(context, bytes(inferior.read_memory(parked, size)))
        gdb.newest_frame().select()
        kept = {r: int(gdb.parse_and_eval(f"(unsigned long)${r}")) for r in [*there["saved"], there["sp"]]}
        try:
            for register, offset in there["saved"].items():
                value = int.from_bytes(bytes(inferior.read_memory(context + offset, 8)), "little")
                gdb.execute(f"set ${register} = {value}")
            gdb.execute(f"set ${there['sp']} = {context + there['above']}")
            print(f"{p.pid} {p.label} ({'parked' if parked else 'in its slot'})")
            gdb.execute("bt")
        finally:
            gdb.newest_frame().select()
            for register, value in kept.items():
                gdb.execute(f"set ${register} = {value}")
            if size:
                inferior.write_memory(context, covered)


JoistCommand()
ProcessesCommand()
BacktraceCommand()
