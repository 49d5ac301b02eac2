"""One thread for models as small as these: on two shared cores, two threads are ten times slower than one.

Introduced in notebook 06. Nothing here stays set after a call.
"""
from __future__ import annotations

import contextlib


@contextlib.contextmanager
def one_thread():
    """Inside, torch computes on one thread; afterwards on as many as before. Also a decorator: ``@one_thread()``."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
