"""A Whisper of two layers with random weights, as a pulled folder looks, and the same in CTranslate2's layout."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 32,
    "n_audio_head": 2,
    "n_audio_layer": 2,
    "n_vocab": 51864,
    "n_text_ctx": 448,
    "n_text_state": 32,
    "n_text_head": 2,
    "n_text_layer": 2,
}
HEADS = [[0, 1], [1, 0]]


MULTILINGUAL = 51865


def state(seed: int = 0, scale: float = 0.2, vocabulary: int = DIMS["n_vocab"]) -> dict[str, NDArray[np.float16]]:
    """Names and shapes of openai-whisper's state dict for `DIMS`, random values."""
    draw = np.random.default_rng(seed)
    width = DIMS["n_audio_state"]
    values: dict[str, NDArray[np.float16]] = {}

    def add(name: str, *shape: int) -> None:
        values[name] = draw.normal(0, scale, shape).astype(np.float16)

    for conv, inside in (("conv1", DIMS["n_mels"]), ("conv2", width)):
        add(f"encoder.{conv}.weight", width, inside, 3)
        add(f"encoder.{conv}.bias", width)
    add("encoder.positional_embedding", DIMS["n_audio_ctx"], width)
    add("decoder.positional_embedding", DIMS["n_text_ctx"], width)
    add("decoder.token_embedding.weight", vocabulary, width)
    for norm in ("encoder.ln_post", "decoder.ln"):
        add(f"{norm}.weight", width)
        add(f"{norm}.bias", width)
    for part in ("encoder", "decoder"):
        for layer in range(2):
            block = f"{part}.blocks.{layer}"
            for attention in ("attn", "cross_attn") if part == "decoder" else ("attn",):
                for name in ("query", "key", "value", "out"):
                    add(f"{block}.{attention}.{name}.weight", width, width)
                    if name != "key":
                        add(f"{block}.{attention}.{name}.bias", width)
                add(f"{block}.{attention}_ln.weight", width)
                add(f"{block}.{attention}_ln.bias", width)
            add(f"{block}.mlp_ln.weight", width)
            add(f"{block}.mlp_ln.bias", width)
            add(f"{block}.mlp.0.weight", 4 * width, width)
            add(f"{block}.mlp.0.bias", 4 * width)
            add(f"{block}.mlp.2.weight", width, 4 * width)
            add(f"{block}.mlp.2.bias", width)
    return values


def whisper(folder: Path, *, seed: int = 0, vocabulary: int = DIMS["n_vocab"]) -> Path:
    """As `models pull` leaves it, without a manifest."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(state(seed, vocabulary=vocabulary), folder / "model.safetensors")
    config = {"model_type": "openai-whisper", "dims": {**DIMS, "n_vocab": vocabulary}, "alignment_heads": HEADS}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def fused(values: Mapping[str, NDArray[Any]], key_bias: float = 0.0) -> dict[str, NDArray[Any]]:
    """The same weights under CTranslate2's names, its projections fused."""
    names = {"conv1": "conv1", "conv2": "conv2"}
    out: dict[str, NDArray[Any]] = {}
    for conv in names:
        for kind in ("weight", "bias"):
            out[f"encoder/{conv}/{kind}"] = values[f"encoder.{conv}.{kind}"]
    for part in ("encoder", "decoder"):
        out[f"{part}/position_encodings/encodings"] = values[f"{part}.positional_embedding"]
        out[f"{part}/num_heads"] = np.array(2, dtype=np.int16)
        last = "ln_post" if part == "encoder" else "ln"
        out[f"{part}/layer_norm/gamma"] = values[f"{part}.{last}.weight"]
        out[f"{part}/layer_norm/beta"] = values[f"{part}.{last}.bias"]
        for layer in range(2):
            ours, theirs = f"{part}.blocks.{layer}", f"{part}/layer_{layer}"
            zero = np.full(DIMS["n_audio_state"], key_bias, dtype=np.float16)

            def joined(attention: str, kinds: tuple[str, ...], kind: str, ours: str = ours, zero: Any = zero) -> Any:
                return np.concatenate([values.get(f"{ours}.{attention}.{one}.{kind}", zero) for one in kinds])

            def put(theirs: str, ours: str) -> None:
                for kind in ("weight", "bias"):
                    out[f"{theirs}/{kind}"] = values[f"{ours}.{kind}"]

            def norm(theirs: str, ours: str) -> None:
                out[f"{theirs}/layer_norm/gamma"] = values[f"{ours}.weight"]
                out[f"{theirs}/layer_norm/beta"] = values[f"{ours}.bias"]

            norm(f"{theirs}/self_attention", f"{ours}.attn_ln")
            for kind in ("weight", "bias"):
                out[f"{theirs}/self_attention/linear_0/{kind}"] = joined("attn", ("query", "key", "value"), kind)
            put(f"{theirs}/self_attention/linear_1", f"{ours}.attn.out")
            if part == "decoder":
                norm(f"{theirs}/attention", f"{ours}.cross_attn_ln")
                put(f"{theirs}/attention/linear_0", f"{ours}.cross_attn.query")
                for kind in ("weight", "bias"):
                    out[f"{theirs}/attention/linear_1/{kind}"] = joined("cross_attn", ("key", "value"), kind)
                put(f"{theirs}/attention/linear_2", f"{ours}.cross_attn.out")
            norm(f"{theirs}/ffn", f"{ours}.mlp_ln")
            put(f"{theirs}/ffn/linear_0", f"{ours}.mlp.0")
            put(f"{theirs}/ffn/linear_1", f"{ours}.mlp.2")
    out["decoder/embeddings/weight"] = values["decoder.token_embedding.weight"]
    return out


def write_ctranslate2(path: Path, arrays: Mapping[str, NDArray[Any]], specification: str = "WhisperSpec") -> None:
    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    out = [struct.pack("<I", 6), text(specification), struct.pack("<II", 3, len(arrays))]
    for name, values in arrays.items():
        out += [text(name), struct.pack("<B", values.ndim), struct.pack(f"<{values.ndim}I", *values.shape)]
        out += [struct.pack("<BI", kinds[values.dtype.name], values.nbytes), values.tobytes()]
    out += [struct.pack("<I", 1), text("decoder/projection/weight"), text("decoder/embeddings/weight")]
    path.write_bytes(b"".join(out))
