"""Damage to the content of a real file, drawn by Hypothesis, blind or by the file's structure."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

WORDS = (
    b"",
    b"-1",
    b"0",
    b"7",
    b"1e999",
    b"nan",
    b"99999999999999999999999",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'"',
    b"'",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"x" * 3000,
    b"../../../../escaped",
    b"/etc/passwd",
    b"~nobody/x",
    b"${oc.env:HOME}",
    b"${missing}",
    b"!!python/object/apply:os.mkdir ['escaped']",
    b"&a [x]",
    b"*a",
    b"[" * 2000,
    b"\xe2\x80\xae\xf0\x9f\x98\x80",
)
"""What stands where something else should."""

VALUES = (
    *(None, True, -1, 0, 7, 2.5, 1e308, float("nan"), float("inf"), 10**30, -(2**63), 2**31),
    *("", "x", "../../escaped", "/etc/passwd", "\0", "${oc.env:HOME}", "\ud800", "finished"),
    *([], [[]], [1, "x"], {}, {"x": {}}, ["x"] * 50, {"": None}, [[0, 1], [1, 0]]),
)
"""What stands under a key where something else should."""

ACTING = (
    b"\nx: !!python/object/apply:os.mkdir ['escaped']\n",
    b"\nx: ${oc.env:HOME}\n",
    b"\nx: ${hydra:runtime.cwd}\n",
    b"\nx: {_target_: os.mkdir, path: escaped}\n",
    b"\na: &a [x, x, x, x, x, x, x, x, x]\n"
    + b"".join(
        b"%c: &%c [%s]\n" % (98 + k, 98 + k, b", ".join([b"*%c" % (97 + k)] * 9)) for k in range(9)
    ),
    b"\nx: " + b"[" * 100_000,
)
"""YAML that acts, refers, or stands for more than itself; the last but one for 9^10 words."""

NAMES = (
    *("../escaped", "/tmp/escaped", "C:\\escaped", "train/happy/../../../escaped", "train\\x.jpg"),
    *("train/happy/", "train/happy/Training_1.jpg", "test/x/y.jpg", "\0", "a" * 300, "train", ""),
    *("__MACOSX/a.jpg", "fer2013/train/happy/Training_1.jpg", "data.pkl", "story.npy", "x.npy"),
)
"""Of entries of an archive."""

SHAPES = (b"(99999999999,)", b"(-1,)", b"()", b"(2, 2)", b"(1000000, 1000000)", b"('x',)", b"(0,)")
KINDS = (b"|O", b"<f8", b"<U99999999", b"|V8", b"<i8", b"x", b"|S1", b"<M8[s]")


def damaged(draw: Draw, content: bytes, suffix: str) -> bytes:
    """The content of a file with something wrong, seldom with nothing."""
    ways: list[Callable[[Draw, bytes], bytes]] = [_bytes, _words, _structure(suffix)]
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 4)))):
        content = draw(st.sampled_from((*ways, ways[-1], ways[-1])))(draw, content)
    return content


def _structure(suffix: str) -> Callable[[Draw, bytes], bytes]:
    """What damages a kind of file such that much of it still fits."""
    if suffix == ".json":
        return _json
    if suffix in (".zip", ".npz"):
        return _archive
    if suffix in (".ckpt", ".pth"):
        return _checkpoint
    ways = {".npy": _array, ".safetensors": _safetensors, ".onnx": _onnx}
    ways |= {".yaml": _yaml, ".values": _values}
    return ways.get(suffix, _words)


def _bytes(draw: Draw, content: bytes) -> bytes:
    """Other bytes, a piece less, a piece twice, or an end."""
    data = bytearray(content)
    start = draw(st.integers(0, max(0, len(data) - 1)))
    some = draw(st.sampled_from((1, 2, 4, 8, 40, 3000)))
    match draw(st.sampled_from(("flip", "flip", "noise", "cut", "less", "twice", "large", "end"))):
        case "flip" if data:
            data[start] ^= 1 << draw(st.integers(0, 7))
        case "noise":
            noise = draw(st.binary(min_size=1, max_size=16))
            data[start : start + len(noise)] = noise
        case "cut":
            del data[start:]
        case "less":
            del data[start : start + some]
        case "twice":
            data[start:start] = data[start : start + some]
        case "large":
            value = draw(st.sampled_from((0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0, 65_535)))
            order = draw(st.sampled_from(("little", "big")))
            data[start : start + 4] = value.to_bytes(4, order)
        case "end":
            data += draw(st.binary(max_size=64))
    return bytes(data)


def _words(draw: Draw, content: bytes) -> bytes:
    """Another word for one of a text's, or none; or a line less or twice."""
    pattern = draw(st.sampled_from((rb"[^,;\s:{}\[\]\"]+", rb"\d+", rb"[^\n]*\n", rb"[,;:\n]")))
    start = draw(st.integers(0, max(0, len(content) - 1)))
    found = re.compile(pattern).search(content, start)
    if found is None:
        return content + draw(st.sampled_from(WORDS))
    word = draw(st.sampled_from((*WORDS, found[0] * 2, found[0] + b",x")))
    return content[: found.start()] + word + content[found.end() :]


def _json(draw: Draw, content: bytes) -> bytes:
    """Another value somewhere, or a key less."""
    try:
        whole = json.loads(content)
    except ValueError:
        return _words(draw, content)
    change(draw, whole, VALUES)
    return json.dumps(whole).encode()


def _yaml(draw: Draw, content: bytes) -> bytes:
    """Another value somewhere, or a key less; or a text of YAML that does more than hold values."""
    if not draw(st.integers(0, 5)):
        return content + draw(st.sampled_from(ACTING))
    return _values(draw, content)


def _values(draw: Draw, content: bytes) -> bytes:
    """Another value somewhere in YAML, or a key less."""
    try:
        whole = yaml.safe_load(content)
    except Exception:  # damaged before
        return _words(draw, content)
    change(draw, whole, VALUES)
    return yaml.safe_dump(whole, allow_unicode=True).encode(errors="surrogatepass")


def _checkpoint(draw: Draw, content: bytes) -> bytes:
    """Another value somewhere in a file of torch's, or other bytes in its archive."""
    if draw(st.booleans()):
        return _archive(draw, content)
    try:
        whole = torch.load(io.BytesIO(content), weights_only=True)
    except Exception:  # damaged before
        return _bytes(draw, content)
    change(draw, whole, (*VALUES, torch.zeros(2), torch.tensor(1.5), torch.zeros(0, 3)))
    buffer = io.BytesIO()
    torch.save(whole, buffer)
    return buffer.getvalue()


def change(draw: Draw, node: Any, values: tuple[Any, ...]) -> None:
    """Gives some key of nested dictionaries and lists another value, or takes it away."""
    while isinstance(node, (dict, list)) and node:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], (dict, list)) and node[key] and draw(st.booleans()):
            node = node[key]
            continue
        if draw(st.integers(0, 3)):
            node[key] = draw(st.sampled_from(values))
        else:
            del node[key]
        break


def _archive(draw: Draw, content: bytes) -> bytes:
    """Another content, name or length of an entry; an entry less or twice."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # damaged before
        return _bytes(draw, content)
    if not entries:
        return _bytes(draw, content)
    place = draw(st.integers(0, len(entries) - 1))
    name, data = entries[place]
    packing = draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    match draw(st.sampled_from(("content", "content", "content", "name", "gone", "twice", "bomb"))):
        case "content":
            suffix = "." + name.rpartition(".")[2]
            entries[place] = (name, damaged(draw, data, "" if suffix == ".zip" else suffix))
        case "name":
            entries[place] = (draw(st.sampled_from(NAMES)), data)
        case "gone":
            del entries[place]
        case "twice":
            entries.append((name, data[::-1]))
        case "bomb":
            entries[place], packing = (name, data + bytes(2_000_000)), zipfile.ZIP_DEFLATED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name or "x")
            info.compress_type = packing
            if draw(st.integers(0, 40)) == 0:
                info.external_attr = 0o120777 << 16  # a link, whose target is the content
            archive.writestr(info, data)
    return buffer.getvalue()


def _array(draw: Draw, content: bytes) -> bytes:
    """Another shape or kind in the head of an array file."""
    if draw(st.booleans()):
        return re.sub(rb"\([\d, ]*\)", draw(st.sampled_from(SHAPES)), content[:200]) + content[200:]
    if draw(st.booleans()):
        kind = draw(st.sampled_from(KINDS))
        return re.sub(rb"(?<='descr': ')[^']*", kind, content[:200]) + content[200:]
    buffer = io.BytesIO()
    value = draw(st.sampled_from((np.zeros(3), np.array("x"), np.zeros((2, 2), "i4"), {"a": 1})))
    np.save(buffer, np.array(value), allow_pickle=True)
    return buffer.getvalue()


def _safetensors(draw: Draw, content: bytes) -> bytes:
    """Another head before the same numbers, or other texts in it, which are JSON themselves."""
    length = int.from_bytes(content[:8], "little")
    head = content[8 : 8 + length]
    try:
        whole = json.loads(head)
        texts = whole["__metadata__"]
        key = draw(st.sampled_from(sorted(texts)))
        texts[key] = _json(draw, texts[key].encode()).decode()
        changed = json.dumps(whole).encode()
    except (ValueError, LookupError, AttributeError, TypeError):  # damaged before
        changed = head
    head = changed if draw(st.booleans()) else _json(draw, head)
    said = draw(st.sampled_from((len(head), len(head), len(head), 0, 2**62, len(head) + 1)))
    return said.to_bytes(8, "little") + head + content[8 + length :]


def _onnx(draw: Draw, content: bytes) -> bytes:
    """Another text in the head, another kind of node or input to it, other sizes."""
    try:
        model = onnx.load_from_string(content)
        entry = draw(st.sampled_from(list(model.metadata_props)))
        node = draw(st.sampled_from(list(model.graph.node)))
        tensor = draw(st.sampled_from(list(model.graph.initializer)))
    except Exception:  # damaged before
        return _bytes(draw, content)
    match draw(st.sampled_from(("text", "text", "operation", "input", "sizes", "ends"))):
        case "text":
            entry.value = _json(draw, entry.value.encode()).decode(errors="replace")
        case "operation":
            node.op_type = draw(
                st.sampled_from(("Add", "Relu", "Softmax", "Identity", "x", "Loop"))
            )
        case "input":
            node.input[0] = draw(st.sampled_from(("faces", "levels", "x", "", "probabilities")))
        case "sizes":
            tensor.dims[:] = draw(st.sampled_from(([10**9, 10**9], [0], [-1], [1, 7, 1], [])))
        case "ends":
            ends = draw(st.sampled_from((model.graph.input, model.graph.output)))[0]
            ends.type.tensor_type.elem_type = draw(st.sampled_from((1, 2, 7, 8, 99)))
    return bytes(model.SerializeToString())
