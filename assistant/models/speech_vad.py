"""Silero VAD as a torch module over its own safetensors: is somebody speaking, every 32 ms?

The network (v6, 16 kHz, https://github.com/snakers4/silero-vad): magnitudes of a short-time Fourier transform written as a
convolution, four convolutions, an LSTM cell that runs along the frames, one logistic output. Frames of a block go through
the convolutions together; only the LSTM is sequential. About 1 ms for a second of sound.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from assistant.models.device import prepare
from assistant.voice.values import FRAME, Samples

_CONTEXT = 64
"""Samples of the frame before that stand in front of each frame."""
_BINS = 129
_BLOCK = 512
"""Frames computed together: 16 seconds."""


class _Network(nn.Module):  # type: ignore[misc]  # torch is untyped here
    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 2 * _BINS, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(_BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm = nn.LSTM(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def forward(self, frames: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """``frames``: (frames, 64 + 512). Returns (frames,) probabilities and the state after the last frame."""
        x = nn.functional.pad(frames, (0, 64), mode="reflect").unsqueeze(1)
        x = self.stft_conv(x)
        x = (x[:, :_BINS] ** 2 + x[:, _BINS:] ** 2).sqrt()
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = conv(x).relu()
        hidden, state = self.lstm(x.squeeze(-1), state)
        return self.final_conv(hidden.relu().unsqueeze(-1)).flatten().sigmoid(), state


class SileroVad:
    """A `Detector`. The weights are shared, read-only; each stream keeps its own state."""

    def __init__(self, folder: Path, identity: str) -> None:
        from safetensors.torch import load_file

        prepare()
        names = {f"lstm_cell.{k}": f"lstm.{k}_l0" for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        weights = {names.get(name, name): value for name, value in load_file(folder / "model.safetensors").items()}
        self._network = _Network()
        self._network.load_state_dict(weights)
        self._network.eval()
        self.identity = identity

    def open(self) -> SileroStream:
        return SileroStream(self._network)


class SileroStream:
    def __init__(self, network: _Network) -> None:
        self._network = network
        self._state: tuple[Tensor, Tensor] | None = None
        self._context = np.zeros(_CONTEXT, dtype=np.float32)
        self._left = np.zeros(0, dtype=np.float32)

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        waiting = np.concatenate((self._left, samples))
        count = len(waiting) // FRAME
        frames = waiting[: count * FRAME].reshape(count, FRAME)
        self._left = waiting[count * FRAME :]
        out = [self._block(frames[at : at + _BLOCK]) for at in range(0, count, _BLOCK)]
        return np.concatenate(out) if out else np.zeros(0, dtype=np.float32)

    def _block(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        before = np.concatenate((self._context[None], frames[:-1, -_CONTEXT:]))
        self._context = frames[-1, -_CONTEXT:].copy()
        with torch.inference_mode():
            found, self._state = self._network(torch.from_numpy(np.concatenate((before, frames), axis=1)), self._state)
        probabilities: NDArray[np.float32] = found.numpy()
        return probabilities
