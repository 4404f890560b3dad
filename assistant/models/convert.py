"""GGUF to the folder that transformers loads: config, bfloat16 safetensors, tokenizer. Llama and Qwen2 architectures.

Own rules instead of transformers' loader. That one takes 55 s for the 0.5B and 22 s for the 135M, this 15 s and 7 s: it builds
`GGUFReader` several times. And it keeps a tied matrix twice where the file holds it at two precisions. Every other tensor
came out equal to transformers 5.23's, bit for bit, and so did the tokens of our samples. Tensor names:
https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/tensor_mapping.py; pre-tokenizers:
https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Unavailable
from assistant.files import write_json
from assistant.models.gguf_file import GgufFile

CONVERTER = "gguf/1"
"""Identity of these rules: a change of what they would write changes it."""

_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTER_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_CLASSES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}
_CONTROL, _USER_DEFINED = 3, 4

_QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def convert_gguf(source: Path, folder: Path, *, tie_head: bool) -> None:
    """Write ``config.json``, ``generation_config.json``, ``model.safetensors``, tokenizer and chat template into ``folder``.

    ``tie_head``: the file's output matrix becomes the input embedding too and is stored once. Both are quantised copies
    of one matrix; the output copy has more bits (Q8_0 against Q5_0 in the Qwen file). Raises `Unavailable` where the
    file's architecture or tokenizer is none of ours, `Corrupt` where it is damaged.
    """
    with GgufFile(source) as file:
        architecture = str(file.metadata.get("general.architecture"))
        if architecture not in _CLASSES:
            raise Unavailable(
                f"{source.name} is of architecture {architecture!r}; {', '.join(_CLASSES)} can be converted."
            )
        tied = tie_head or "output.weight" not in file.tensors
        config = _config(file.metadata, architecture, tied=tied)
        _write_weights(file, folder / "model.safetensors", config, tie_head=tie_head)
        _write_tokenizer(file.metadata, folder)
        write_json(folder / "config.json", config)
        write_json(folder / "generation_config.json", {k: v for k, v in config.items() if k.endswith("token_id")})


def _config(metadata: dict[str, Any], architecture: str, *, tied: bool) -> dict[str, Any]:
    def of(key: str) -> Any:
        return metadata[f"{architecture}.{key}"]

    config = {
        "architectures": [_CLASSES[architecture]],
        "model_type": architecture,
        "dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": of("embedding_length"),
        "intermediate_size": of("feed_forward_length"),
        "max_position_embeddings": of("context_length"),
        "num_attention_heads": of("attention.head_count"),
        "num_hidden_layers": of("block_count"),
        "num_key_value_heads": of("attention.head_count_kv"),
        # stored as float32: 9.999999974752427e-07 was 1e-06
        "rms_norm_eps": float(f"{of('attention.layer_norm_rms_epsilon'):.6g}"),
        "rope_parameters": {"rope_type": "default", "rope_theta": float(of("rope.freq_base"))},
        "tie_word_embeddings": tied,
        "vocab_size": len(metadata["tokenizer.ggml.tokens"]),
    }
    for name, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding")):
        if (number := metadata.get(f"tokenizer.ggml.{key}_token_id")) is not None:
            config[f"{name}_token_id"] = number
    return config


def _write_weights(file: GgufFile, path: Path, config: dict[str, Any], *, tie_head: bool) -> None:
    import torch
    from safetensors.torch import save_file

    left_out = "token_embd.weight" if tie_head and "output.weight" in file.tensors else None
    tensors = {}
    for name in file.tensors:
        if name in (left_out, "rope_freqs.weight"):
            continue
        target = _transformers_name(name)
        if left_out is not None and target == "lm_head.weight":
            target = "model.embed_tokens.weight"
        values = file.tensor(name)
        if config["model_type"] == "llama" and (".attn_q." in name or ".attn_k." in name):
            heads = config["num_attention_heads" if ".attn_q." in name else "num_key_value_heads"]
            values = _interleaved_to_halves(values, heads)
        tensors[target] = torch.from_numpy(np.require(values, requirements=["C", "W"])).to(torch.bfloat16)
    save_file(tensors, str(path), metadata={"format": "pt"})


def _transformers_name(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    if stem in _OUTER_NAMES:
        return f"{_OUTER_NAMES[stem]}.{suffix}"
    prefix, number, *rest = stem.split(".")
    if prefix != "blk" or ".".join(rest) not in _BLOCK_NAMES:
        raise Unavailable(f"The GGUF file holds a tensor {name!r} that no rule of the converter knows.")
    return f"model.layers.{number}.{_BLOCK_NAMES['.'.join(rest)]}.{suffix}"


def _interleaved_to_halves(weights: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """llama.cpp rotates neighbouring pairs of rows, transformers the two halves of a head: undo llama.cpp's permutation."""
    half = weights.shape[0] // heads // 2
    return weights.reshape(heads, half, 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def _write_tokenizer(metadata: dict[str, Any], folder: Path) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    kind, pre = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre")
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata.get("tokenizer.ggml.merges", [])]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre == "smollm")
    if kind != "gpt2" or pre not in ("qwen2", "smollm"):
        raise Unavailable(f"The GGUF file's tokenizer {kind!r}/{pre!r} is none that can be converted (qwen2, smollm).")
    tokenizer = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=merges))
    first: Any
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
        first = pre_tokenizers.Split(Regex(_QWEN2_SPLIT), behavior="isolated")
    else:
        first = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([first, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    types = metadata["tokenizer.ggml.token_type"]
    tokenizer.add_special_tokens(
        [
            AddedToken(token, normalized=False, special=True)
            for token, of in zip(tokens, types, strict=True)
            if of == _CONTROL
        ]
    )
    tokenizer.add_tokens(
        [AddedToken(token, normalized=False) for token, of in zip(tokens, types, strict=True) if of == _USER_DEFINED]
    )
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata[f"{metadata['general.architecture']}.context_length"],
    }
    for name, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"), ("unk", "unknown")):
        if (number := metadata.get(f"tokenizer.ggml.{key}_token_id")) is not None:
            settings[f"{name}_token"] = tokens[number]
    write_json(folder / "tokenizer_config.json", settings)
    if template := metadata.get("tokenizer.chat_template"):
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
