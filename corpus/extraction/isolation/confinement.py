"""The rights of a process that parses hostile bytes: read the interpreter's own files, compute, answer.

Two doors of Linux that any process may close behind itself, without privileges and for good:

* seccomp: no sockets, no new programs or processes, no looking into other processes, no signals to them and no limits
  on them;
* Landlock (from Linux 5.13): no file is opened but for reading, and only below the folders from which Python itself
  loads its modules and libraries. Neither the environment of the parent in /proc nor a file of credentials is there.

Elsewhere, and where a system forbids it, nothing is closed; `confine` returns which of the two are.
The numbers are the kernel's: linux/seccomp.h, linux/filter.h, linux/landlock.h, and each architecture's call table.
"""

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple


class _Calls(NamedTuple):
    """Numbers of an architecture: its own for seccomp, and those of the calls that the filter looks at."""

    architecture: int
    refused: tuple[int, ...]
    signals: tuple[int, ...]  # the first argument says to whom
    prlimit64: int
    fcntl: int
    clone: int
    clone3: int


# `refused`: socket, socketpair, execve, execveat, ptrace, process_vm_readv, process_vm_writev, pidfd_send_signal,
# io_uring_setup, pidfd_getfd; on x86-64 also fork and vfork, which aarch64 does not have.
# `signals`: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo.
_CALLS = {
    "x86_64": _Calls(
        architecture=0xC000003E,
        refused=(41, 53, 59, 322, 101, 310, 311, 424, 425, 438, 57, 58),
        signals=(62, 200, 234, 129, 297),
        prlimit64=302,
        fcntl=72,
        clone=56,
        clone3=435,
    ),
    "aarch64": _Calls(
        architecture=0xC00000B7,
        refused=(198, 199, 221, 281, 117, 270, 271, 424, 425, 438),
        signals=(129, 130, 131, 138, 240),
        prlimit64=261,
        fcntl=25,
        clone=220,
        clone3=435,
    ),
}
_X32 = 0x40000000  # from this number on x86-64 has a second table of the same calls
# Instructions of the classic BPF machine: load a word of the call's description, jump, return.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000  # the second with the number of the error
_REFUSE, _UNKNOWN = _FAIL | errno.EPERM, _FAIL | errno.ENOSYS
_SET_SECCOMP, _SET_NO_NEW_PRIVILEGES, _FILTER = 22, 38, 2
_THREAD = 0x10000  # of the flags of `clone`: a thread of this process
_SET_OWNER, _SET_OWNER_EX = 8, 15  # of `fcntl`: who gets a signal when the file is ready

_Steps = list[tuple[int, int, int, int]]  # each a `struct sock_filter`: code, jump if true, jump if false, value

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
    calls = _CALLS.get(os.uname().machine)
    if calls is None:
        return False
    own = os.getpid()
    # The description of a call has its number at byte 0, the architecture at 4. Jumps count from the next instruction.
    steps: _Steps = [(_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 1, 0, calls.architecture), (_RETURN, 0, 0, _REFUSE)]
    steps += [(_LOAD, 0, 0, 0), (_JUMP_IF_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for call in calls.refused:
        steps += _if_called(call, [(_RETURN, 0, 0, _REFUSE)])
    # `abort` and `raise` signal their own process.
    for call in calls.signals:
        steps += _if_called(call, _by_argument(0, _JUMP_IF_EQUAL, [own]))
    # A limit of no processor time would end another process; 0 is whoever calls.
    steps += _if_called(calls.prlimit64, _by_argument(0, _JUMP_IF_EQUAL, [own, 0]))
    steps += _if_called(calls.fcntl, _by_argument(1, _JUMP_IF_EQUAL, [_SET_OWNER, _SET_OWNER_EX], _REFUSE, _ALLOW))
    # A fork could outlive this process, whose id may then be another's. The flags of `clone3` lie in memory, where no
    # filter looks; the C library tries `clone` where the kernel does not know it.
    steps += _if_called(calls.clone, _by_argument(0, _JUMP_IF_ANY_BIT, [_THREAD]))
    steps += _if_called(calls.clone3, [(_RETURN, 0, 0, _UNKNOWN)])
    steps += [(_RETURN, 0, 0, _ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    # A `struct sock_fprog`, with padding before the pointer, as C has it
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    return libc.prctl(_SET_SECCOMP, _FILTER, program, 0, 0) == 0


def _if_called(call: int, steps: _Steps) -> _Steps:
    """For this call these steps, which return; any other goes on behind them."""
    return [(_JUMP_IF_EQUAL, 0, len(steps), call), *steps]


def _by_argument(
    argument: int, test: int, values: Sequence[int], then: int = _ALLOW, otherwise: int = _REFUSE
) -> _Steps:
    """Return `then` if the argument passes the test for one of the values, else `otherwise`."""
    # Arguments are 64 bits each from byte 16 on, little-endian. All that are tested here are 32 bits to the kernel.
    tests = [(test, len(values) - number, 0, value) for number, value in enumerate(values)]
    return [(_LOAD, 0, 0, 16 + 8 * argument), *tests, (_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, then)]


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
