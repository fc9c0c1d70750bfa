"""An exported model at work, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.errors import ExportError
from core.export.compared import BATCH
from core.files.strict import in_one_line
from core.records.arrays import Waveform

SILENT = 3
"""ONNX Runtime's level of remarks from which it speaks: errors."""


def open_session(content: bytes) -> onnxruntime.InferenceSession:
    """A session on the bytes of a file. It computes in one thread: on a busy computer, two wait for each other.

    Raises:
        ExportError: If ONNX Runtime cannot open them.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = SILENT
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no base of their own
        raise ExportError(f"ONNX Runtime cannot open the exported model: {in_one_line(error)}.") from error


def logits(session: onnxruntime.InferenceSession, clips: Waveform, batch: int = BATCH) -> NDArray[np.float32]:
    """The logits of clips (n, 16000), (n, n_labels)."""
    parts = [
        session.run(["logits"], {"waveform": clips[first : first + batch]})[0] for first in range(0, len(clips), batch)
    ]
    return np.concatenate(parts)
