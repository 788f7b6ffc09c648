"""npy.py: .npy files without NumPy, as much of them as tests and benchmarks need.

Plain arrays in C order are an Array (shape, dtype, flat data); structured files, which record events,
are a list of tuples in the order of their fields. Little endian, which is what snnc writes.
"""
import ast
import struct
import sys
from array import array
from collections import namedtuple
from math import prod

# NumPy's short name -> the type code of `array`
CODES = {"b1": "B", "u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "u8": "Q", "i8": "q",
         "f4": "f", "f8": "d"}
FLOATS = ("f4", "f8")

Array = namedtuple("Array", "shape dtype data")
Events = namedtuple("Events", "fields rows")        # fields: names; rows: tuples


def make(shape, dtype, values):
    """An Array from any iterable of numbers; the count must fit the shape."""
    data = array(CODES[dtype], values)
    shape = tuple(shape)
    if len(data) != prod(shape):
        raise ValueError(f"{len(data)} values do not fill {list(shape)}")
    return Array(shape, dtype, data)


def _short(descr):
    if descr[0] in "<>|=":
        order, descr = descr[0], descr[1:]
        if order == ">" and descr[1:] != "1":
            raise ValueError("big endian .npy")
    descr = {"?": "b1"}.get(descr, descr)
    if descr not in CODES and descr != "f2":
        raise ValueError(f"element type {descr}")
    return descr


def load(path):
    """The Array, or the Events, in a file."""
    with open(path, "rb") as file:
        raw = file.read()
    if raw[:6] != b"\x93NUMPY":
        raise ValueError(f"{path} is not a .npy file")
    wide = raw[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", raw, 8)[0]
    start = (12 if wide else 10) + length
    header = ast.literal_eval(raw[start - length:start].decode("latin-1"))
    shape = header["shape"]
    turned = header["fortran_order"] and len(shape) > 1
    body = memoryview(raw)[start:]
    if isinstance(header["descr"], list):
        fields = [field[0] for field in header["descr"]]
        one = struct.Struct("<" + "".join(CODES[_short(field[1])] for field in header["descr"]))
        if len(body) != one.size * prod(shape):
            raise ValueError(f"{path}: the header promises {prod(shape)} events of {one.size} bytes")
        return Events(fields, list(one.iter_unpack(body)))
    dtype = _short(header["descr"])
    if dtype == "f2":                                # widened: `array` has no such type
        dtype, body = "f4", memoryview(array("f", struct.unpack(f"<{len(body) // 2}e", body)).tobytes())
    data = array(CODES[dtype])
    if len(body) != data.itemsize * prod(shape):
        raise ValueError(f"{path}: {len(body)} bytes do not fill {list(shape)} of {dtype}")
    data.frombytes(body)
    if sys.byteorder == "big":
        data.byteswap()
    return Array(tuple(shape), dtype, _row_major(data, shape) if turned else data)


def _row_major(data, shape):
    """Values in Fortran order, of which the first index runs fastest, in C order."""
    places = [0]
    step = 1
    for extent in shape:
        places = [place + k * step for place in places for k in range(extent)]
        step *= extent
    return array(data.typecode, (data[place] for place in places))


def _write(path, descr, shape, body):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1") + body)


def save(path, a):
    """Writes an Array."""
    data = a.data
    if sys.byteorder == "big":
        data = array(data.typecode, data)
        data.byteswap()
    order = "|" if data.itemsize == 1 else "<"
    _write(path, repr(order + a.dtype), a.shape, data.tobytes())


def save_events(path, descr, rows):
    """Writes events; descr is a list of (name, type), as in NumPy."""
    one = struct.Struct("<" + "".join(CODES[_short(kind)] for _, kind in descr))
    _write(path, repr(descr), (len(rows),), b"".join(one.pack(*row) for row in rows))
