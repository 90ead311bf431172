"""A cross-encoder of two operations, written as ONNX by hand, with a real model's tokenizer.

It scores a pair by the mean of its token ids: of no use to anybody, but read, fed and run as every
cross-encoder is.
"""

import json
import shutil
from pathlib import Path

from tests.api_service.models import MODEL

_FLOAT, _INT64 = 1, 7
_OPSET = 13


def write_cross_encoder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(MODEL / name, folder)
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}), encoding="utf-8")
    (folder / "model.onnx").write_bytes(_model())
    return folder


def _model() -> bytes:
    """Source: onnx/onnx.proto; numbers are those of its messages' fields."""
    cast = _message(
        (1, b"input_ids"), (2, b"numbers"), (4, b"Cast"), (5, _attribute(b"to", (3, _FLOAT), 2))
    )
    mean = _message(
        (1, b"numbers"),
        (2, b"logits"),
        (4, b"ReduceMean"),
        (5, _attribute(b"axes", (8, 1), 7)),
        (5, _attribute(b"keepdims", (3, 1), 2)),
    )
    graph = _message(
        (1, cast),
        (1, mean),
        (2, b"tiny"),
        (11, _value(b"input_ids", _INT64, b"tokens")),
        (12, _value(b"logits", _FLOAT, 1)),
    )
    return _message((1, 8), (7, graph), (8, _message((1, b""), (2, _OPSET))))


def _attribute(name: bytes, value: tuple[int, int], kind: int) -> bytes:
    return _message((1, name), value, (20, kind))


def _value(name: bytes, kind: int, width: bytes | int) -> bytes:
    rows = _message((2, b"pairs"))
    columns = _message((2 if isinstance(width, bytes) else 1, width))
    shape = _message((1, rows), (1, columns))
    return _message((1, name), (2, _message((1, _message((1, kind), (2, shape))))))


def _message(*fields: tuple[int, bytes | int]) -> bytes:
    encoded = b""
    for number, value in fields:
        if isinstance(value, int):
            encoded += _varint(number << 3) + _varint(value)
        else:
            encoded += _varint(number << 3 | 2) + _varint(len(value)) + value
    return encoded


def _varint(number: int) -> bytes:
    encoded = b""
    while number > 127:
        encoded += bytes([number & 127 | 128])
        number >>= 7
    return encoded + bytes([number])
