"""The rights of a process that parses hostile bytes: read the interpreter's own files, compute, answer.

Two doors of Linux that any process may close behind itself, without privileges and for good:

* seccomp: no sockets, no new programs, no looking into other processes, no signals to them;
* Landlock (from Linux 5.13): no file is opened but for reading, and only below the folders from which Python itself
  loads its modules and libraries. Neither the environment of the parent in /proc nor a file of credentials is there.

Elsewhere, and where a system forbids it, nothing is closed; `confine` returns which of the two are.
The numbers are the kernel's: linux/seccomp.h, linux/filter.h, linux/landlock.h, and each architecture's call table.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

# The architecture's number for seccomp, and of its calls those that are refused: socket, socketpair, execve, execveat,
# ptrace, process_vm_readv, process_vm_writev, kill, tkill, pidfd_send_signal, io_uring_setup, pidfd_getfd.
_REFUSED = {
    "x86_64": (0xC000003E, (41, 53, 59, 322, 101, 310, 311, 62, 200, 424, 425, 438)),
    "aarch64": (0xC00000B7, (198, 199, 221, 281, 117, 270, 271, 129, 130, 424, 425, 438)),
}
_X32 = 0x40000000  # from this number on x86-64 has a second table of the same calls
# Instructions of the classic BPF machine: load a word of the call's description, jump, return.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # the second: the call fails with EPERM
_SET_SECCOMP, _SET_NO_NEW_PRIVILEGES, _FILTER = 22, 38, 2

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_ALL_OF_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # newer versions add no way to files


def confine() -> tuple[str, ...]:
    """Close both doors; the names of those that are closed now. There is no way back."""
    if sys.platform != "linux":
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return ()
    doors = {"files": _close_files, "network": _close_calls}
    return tuple(name for name, close in doors.items() if close(libc))


def _close_calls(libc: ctypes.CDLL) -> bool:
    machine = os.uname().machine
    if machine not in _REFUSED:
        return False
    architecture, calls = _REFUSED[machine]
    # The program, for n refused calls; a jump counts from the next instruction:
    #
    #     0       load the architecture (byte 4 of the description)
    #     1       another one? → refuse
    #     2       load the number of the call (byte 0)
    #     3       of the x32 table? → refuse
    #     4…      is it the call? → refuse        (n times)
    #     4 + n   allow
    #     5 + n   refuse
    steps: list[tuple[int, int, int, int]] = [(_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 0, len(calls) + 3, architecture)]
    steps += [(_LOAD, 0, 0, 0), (_JUMP_IF_AT_LEAST, len(calls) + 1, 0, _X32)]
    # Each jump goes over the calls that follow it and over the `allow`, onto the `refuse` at the end.
    steps += [(_JUMP_IF_EQUAL, len(calls) - position, 0, call) for position, call in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    # Each a `struct sock_filter`: code, jump if true, jump if false, value
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    # A `struct sock_fprog`, with padding before the pointer, as C has it
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    return libc.prctl(_SET_SECCOMP, _FILTER, program, 0, 0) == 0


def _close_files(libc: ctypes.CDLL) -> bool:
    # Without attributes and with flag 1 the call only answers with the version of the interface.
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    # A right that is named and in no rule below is refused, so all that this kernel knows are named.
    rights = ctypes.create_string_buffer(struct.pack("=Q", _ALL_OF_VERSION[min(version, max(_ALL_OF_VERSION))]), 8)
    rules = libc.syscall(_CREATE_RULESET, rights, 8, 0)
    if rules < 0:
        return False
    try:
        for path in _readable():
            _allow_reading(libc, rules, path)
        return libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _allow_reading(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = _READ_FILE | (_READ_FOLDER if path.is_dir() else 0)
        # Packed, 12 bytes: no padding in struct landlock_path_beneath_attr.
        rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, descriptor), 12)
        libc.syscall(_ADD_RULE, rules, 1, rule, 0)
    finally:
        os.close(descriptor)


def _readable() -> Iterable[Path]:
    """From where modules and shared libraries may still be loaded."""
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    names = {*sys.path, sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", *libraries} - {""}
    return [path for path in map(Path, sorted(names)) if path.exists()]
