"""What tuning changed is kept finely enough, and never put on another base or loaded after it was altered."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from assistant.errors import Corrupt, InputError, Unavailable
from assistant.models import layers
from tests import tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(tmp_path_factory.mktemp("layers") / "base")


def _tuned(base: Path, by: float) -> AutoModel:
    """The base, each of its weights moved a little."""
    model = AutoModel.from_pretrained(base, local_files_only=True, add_pooling_layer=False)
    layers.unfreeze(model, 1)
    draw = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for weight in (w for w in model.parameters() if w.requires_grad):
            weight += by * torch.randn(weight.shape, generator=draw)
    return model


def test_weights_come_back_within_half_a_step_of_the_difference(base: Path, tmp_path: Path) -> None:
    model = _tuned(base, 0.01)
    layers.save(model, {"weight": torch.ones(1, 32)}, base, tmp_path, {"layers": 1})
    loaded = layers.load(tmp_path, base)
    changed = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert loaded.weights.keys() == changed.keys() | {"head.weight"}
    for name, weight in changed.items():
        assert (loaded.weights[name] - weight).abs().max() < (4e-4 if weight.ndim == 2 else 2e-3)
    fresh = AutoModel.from_pretrained(base, local_files_only=True, add_pooling_layer=False)
    layers.restore(fresh, loaded, tmp_path)
    assert torch.allclose(
        fresh.encoder.layer[0].output.dense.weight, model.encoder.layer[0].output.dense.weight, atol=4e-4
    )


def test_untouched_weights_are_the_bases_own(base: Path, tmp_path: Path) -> None:
    model = _tuned(base, 0.0)
    layers.save(model, {}, base, tmp_path, {"layers": 1})
    loaded = layers.load(tmp_path, base)
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.ndim == 2:
            assert torch.equal(loaded.weights[name], weight)


def test_another_base_an_altered_file_and_a_missing_one_are_refused(base: Path, tmp_path: Path) -> None:
    layers.save(_tuned(base, 0.01), {}, base, tmp_path, {"layers": 1})
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.safetensors").write_bytes((base / "model.safetensors").read_bytes() + b" ")
    with pytest.raises(InputError, match="another base"):
        layers.load(tmp_path, other)
    file = tmp_path / layers.WEIGHTS
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(Corrupt, match="altered"):
        layers.load(tmp_path, base)
    file.unlink()
    with pytest.raises(Unavailable, match="missing"):
        layers.load(tmp_path, base)
