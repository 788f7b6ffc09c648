"""state.py: what `run --dump-state` and `save` write, without NumPy (runtime/include/snnrt_checkpoint.h)."""
import struct
from array import array

#        bool i8   i16  i32  i64  u8   u16  u32  u64  f16  bf16 f32  f64
CODES = ["", "B", "b", "h", "i", "q", "B", "H", "I", "Q", "H", "H", "f", "d"]


STATE, DERIVED = 1, 2                                # roles: what a run is, and what follows from it


def load(path):
    """The buffers of a checkpoint by name: flat arrays."""
    with open(path, "rb") as file:
        return {name: values for name, (_, values) in parse(file.read(), path).items()}


def parse(raw, path="this"):
    """The buffers by name: (role, flat array)."""
    if raw[:8] != b"SNNCKPT1" or raw[-16:-8] != b"SNNCKEND":
        raise ValueError(f"{path} is no checkpoint")
    buffers, = struct.unpack_from("<I", raw, 48)
    at = 64

    def text():
        nonlocal at
        n, = struct.unpack_from("<I", raw, at)
        at += 4 + n
        return raw[at - n:at - 1].decode()

    text(), text(), text()
    at += 20                                         # the state of the host
    found = {}
    for _ in range(buffers):
        name = text()
        kind, role, axes = struct.unpack_from("<III", raw, at)
        at += 12 + 12 * axes
        offset, count, _ = struct.unpack_from("<QQI", raw, at)
        at += 20
        found[name] = role, array(CODES[kind], raw[offset:offset + count])
    return found
