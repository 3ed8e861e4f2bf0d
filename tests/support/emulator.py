"""Runs machine code on a processor that Bochs emulates: a Sapphire Rapids, which supports AVX512_BF16.

    pip install bochscpu-python
    python tests/support/emulator.py < jobs > results

A job is a line of JSON: `code` (called with the address of `block`), `block` (its parameters) and `memory`, all in
base64, `at`, the address of the memory, and `convention`, systemV or windows. Its result is a line with `block` and
`memory` as the code left them, or `error`, also if the code changes a register that belongs to its caller. The processor is in 64-bit mode, without an operating system; all memory may be executed.
"""

import base64
import ctypes
import json
import mmap
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

SIZE = 64 << 20  # bytes of memory, which lies at 0
OWN = {"systemV": ["rbx", "rbp", "r12", "r13", "r14", "r15"]}
OWN["windows"] = OWN["systemV"] + ["rsi"]  # rdi, too, but systemV's argument lies there
OWN_VECTORS = {"systemV": [], "windows": range(6, 16)}  # their lower 128 bits
TABLES, STACK, START, CODE, BLOCK = 0x1000, 0x70000, 0x80000, 0x100000, 0x200000


def load_bochs():
    """Imports the module. Its binary needs functions of the C library that some systems do not have yet."""
    try:
        import bochscpu
    except ImportError as error:
        if "__isoc23" not in str(error):
            raise
        ctypes.CDLL(older_functions(), mode=ctypes.RTLD_GLOBAL)
        import bochscpu
    return bochscpu


def older_functions():
    folder = tempfile.mkdtemp()
    path = pathlib.Path(folder, "older.so")
    source = """
        #include <stdarg.h>
        #include <stdio.h>
        #include <stdlib.h>
        unsigned long long __isoc23_strtoull(const char *s, char **e, int b) { return strtoull(s, e, b); }
        int __isoc23_sscanf(const char *s, const char *f, ...) {
            va_list a; va_start(a, f); int n = vsscanf(s, f, a); va_end(a); return n;
        }"""
    subprocess.run(["cc", "-shared", "-fPIC", "-o", path, "-xc", "-"], input=source, text=True, check=True)
    return path


def choose_processor(library):
    """Makes the function that creates the module's processor, an older one, jump to Sapphire Rapids' function."""
    here, there = [
        ctypes.cast(getattr(library, f"_Z{len(name)}{name}P8BX_CPU_C"), ctypes.c_void_p).value
        for name in ["create_corei3_cnl_cpuid", "create_sapphire_rapids_cpuid"]
    ]
    libc = ctypes.CDLL(None)
    page = here & ~0xFFF
    assert libc.mprotect(ctypes.c_void_p(page), 0x2000, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) == 0
    ctypes.memmove(here, b"\x48\xb8" + struct.pack("<Q", there) + b"\xff\xe0", 12)  # mov rax, there; jmp rax


def make_memory(bochscpu):
    """Makes memory at address 0, with page tables that map each address to itself, in pages of 2 MiB."""
    memory = mmap.mmap(-1, SIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in range(0, SIZE, 4096):
        bochscpu.memory.page_insert(page, start + page)
    struct.pack_into("<Q", memory, TABLES, TABLES + 0x1000 | 7)
    struct.pack_into("<Q", memory, TABLES + 0x1000, TABLES + 0x2000 | 7)
    for i in range(512):
        struct.pack_into("<Q", memory, TABLES + 0x2000 + 8 * i, i << 21 | 0x87)
    memory[START : START + 13] = b"\x48\xb8" + struct.pack("<Q", CODE) + b"\xff\xd0\xf4"  # mov rax, CODE; call rax; hlt
    return memory


def make_state(bochscpu):
    """Makes the state of a processor in 64-bit mode that may use all of its vector registers."""
    state = bochscpu.State()
    state.cr0, state.cr3, state.cr4, state.efer = 0x80050033, TABLES, 0x406F8, 0xD01
    state.xcr0, state.mxcsr, state.mxcsr_mask, state.rflags = 0xE7, 0x1F80, 0xFFFF, 2
    state.rip, state.rsp, state.rdi, state.rcx = START, STACK, BLOCK, BLOCK  # either convention
    for i, name in enumerate(OWN["windows"]):
        setattr(state, name, 0x1234567800 + i)
    state.cs = segment(bochscpu, 0x10, 0xA09B)
    for name in ["ds", "es", "ss", "fs", "gs"]:
        setattr(state, name, segment(bochscpu, 0x18, 0xC093))
    state.tr, state.ldtr = segment(bochscpu, 0x40, 0x8B), segment(bochscpu, 0, 0x82)
    return state


def segment(bochscpu, selector, attributes):
    made = bochscpu.Segment()
    made.present, made.selector, made.base, made.limit, made.attr = True, selector, 0, 0xFFFFFFFF, attributes
    return made


def run(bochscpu, session, memory, job):
    parts = {CODE: job["code"], BLOCK: job["block"], job["at"]: job["memory"]}
    sizes = {}
    for at, text in parts.items():
        data = base64.b64decode(text)
        memory[at : at + len(data)] = data
        sizes[at] = len(data)
    faults = []

    def fault(session, cpu, vector, code):
        faults.append(f"exception {vector} at {session.cpu.rip - CODE:#x} of the code")
        session.stop()

    hook = bochscpu.Hook()
    hook.hlt = lambda session, cpu: session.stop()
    hook.exception = fault
    session.cpu.state = make_state(bochscpu)
    session.run([hook])
    if faults:
        return {"error": faults[0]}
    changed = changed_registers(session, job["convention"])
    if changed:
        return {"error": f"{', '.join(changed)} belong to the caller, and are changed"}
    read = lambda at: base64.b64encode(memory[at : at + sizes[at]]).decode()
    return {"block": read(BLOCK), "memory": read(job["at"])}


def changed_registers(session, convention):
    kept = enumerate(OWN["windows"])
    changed = [name for i, name in kept if name in OWN[convention] and getattr(session.cpu, name) != 0x1234567800 + i]
    vectors = session.cpu.state.zmm
    return changed + [f"xmm{i}" for i in OWN_VECTORS[convention] if list(vectors[i].q)[:2] != [0, 0]]


def main():
    bochscpu = load_bochs()
    import bochscpu.memory

    choose_processor(ctypes.CDLL(sys.modules["bochscpu._bochscpu"].__file__))
    memory = make_memory(bochscpu)
    session = bochscpu.Session()
    for line in sys.stdin:
        print(json.dumps(run(bochscpu, session, memory, json.loads(line))), flush=True)
    os._exit(0)  # an ordinary exit would crash, as the module frees memory that it does not own


main()
