"""SASRec, a transformer over the order of a history; needs PyTorch: ``pip install 'movierec[sasrec]'``.

RecTools has a ready one, but cannot be installed beside numpy 2 on Python 3.11 and 3.12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Self

import numpy as np

from movierec.errors import ConfigError
from movierec.evaluation.peers.base import Peer
from movierec.schema import Catalog, FloatArray, History, Interactions, LongArray


def import_torch() -> ModuleType:
    """Return PyTorch; raises ``ConfigError`` with the remedy where the extra is not installed."""
    try:
        import torch
    except (ImportError, OSError) as error:
        raise ConfigError(
            "the peer sasrec needs PyTorch, which cannot be imported; "
            "install it: pip install 'movierec[sasrec]'"
        ) from error
    module: ModuleType = torch
    return module


@dataclass
class SasRec(Peer):
    """Self-attentive sequential recommendation (Kang, McAuley, ICDM 2018).

    Pre-norm blocks, item vectors shared between input and output, and a softmax over the whole catalogue
    instead of one sampled negative, which Klenitskiy and Vasilev (RecSys 2023) found to be what SASRec
    lacked. Every event counts, liked or not; tied events keep the order of the file. Long timelines are
    learnt in pieces of ``length`` steps and asked with their end. Scores are shifted to be positive: the
    order is all that is meant.
    """

    name: str = "SASRec"
    factors: int = 64
    blocks: int = 2
    heads: int = 2
    length: int = 50
    dropout: float = 0.5
    learning_rate: float = 0.001
    epochs: int = 20
    batch: int = 64
    seed: int = 0
    model_: Any = field(init=False, repr=False)
    n_items_: int = field(init=False, repr=False)

    def fit(self, train: Interactions, catalog: Catalog) -> Self:
        """Learn to tell each next event from what came before it; single-threaded, the seed decides."""
        torch = import_torch()
        self.n_items_ = train.n_items
        pieces = self._cut(train)
        with _steady(torch, self.seed):
            self.model_ = self._build(torch)
            optimiser = torch.optim.Adam(self.model_.parameters(), lr=self.learning_rate, betas=(0.9, 0.98))
            rng = np.random.default_rng(self.seed)
            for _ in range(self.epochs):
                order = rng.permutation(len(pieces))
                for start in range(0, len(order), self.batch):
                    rows = torch.from_numpy(pieces[order[start : start + self.batch]])
                    known = rows[:, 1:] < self.n_items_
                    states = self._encode(torch, rows[:, :-1])[known]
                    logits = states @ self.model_["titles"].weight[: self.n_items_].T
                    loss = torch.nn.functional.cross_entropy(logits, rows[:, 1:][known])
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
            self.model_.eval()
        return self

    def _cut(self, train: Interactions) -> LongArray:
        """Return int64[n, length + 1]: timelines in pieces that share an event, empty places in front."""
        pieces: list[LongArray] = []
        for user in np.flatnonzero(np.diff(train.offsets) > 1):
            items = train.history(int(user)).item_idx
            pieces.extend(
                self._pad(items[max(stop - self.length - 1, 0) : stop], self.length + 1)
                for stop in range(len(items), 1, -self.length)
            )
        return np.stack(pieces) if pieces else np.empty((0, self.length + 1), np.int64)

    def _pad(self, items: Any, size: int) -> LongArray:
        padded = np.full(size, self.n_items_, np.int64)
        kept = items[-size:]
        padded[size - len(kept) :] = kept
        return padded

    def _build(self, torch: ModuleType) -> Any:
        nn = torch.nn
        layer = nn.TransformerEncoderLayer(
            self.factors,
            self.heads,
            dim_feedforward=self.factors,
            dropout=self.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        parts = {
            "titles": nn.Embedding(self.n_items_ + 1, self.factors, padding_idx=self.n_items_),
            "places": nn.Embedding(self.length, self.factors),
            "dropout": nn.Dropout(self.dropout),
            "blocks": nn.TransformerEncoder(
                layer, self.blocks, norm=nn.LayerNorm(self.factors), enable_nested_tensor=False
            ),
        }
        model = nn.ModuleDict(parts)
        for table in (parts["titles"], parts["places"]):
            # Near 0 a softmax over all items starts out even; the default of 1 takes many epochs longer.
            nn.init.normal_(table.weight, std=0.02)
        return model

    def _encode(self, torch: ModuleType, rows: Any) -> Any:
        """Return the states float[n, length, factors] of padded items; each place sees itself and earlier."""
        model, size = self.model_, rows.shape[1]
        empty = rows == self.n_items_
        hidden = model["titles"](rows) + model["places"](torch.arange(size))
        ahead = torch.ones(size, size, dtype=torch.bool).triu(1)
        # A place in front of everything may look at itself, since a softmax over nothing is not a number.
        hidden_places = (ahead | empty[:, None, :]) & ~torch.eye(size, dtype=torch.bool)
        mask = hidden_places.repeat_interleave(self.heads, dim=0)
        return model["blocks"](model["dropout"](hidden), mask=mask)

    def score(self, history: History) -> FloatArray:
        """Return what the state after the last event says of every item."""
        scores: FloatArray = self.score_batch((history,), (0,))[0]
        return scores

    def score_batch(self, histories: Sequence[History], user_idx: Sequence[int]) -> FloatArray:
        """Return the scores of several histories; none for the empty ones."""
        torch = import_torch()
        rows = np.stack([self._pad(history.item_idx, self.length) for history in histories])
        with _steady(torch, self.seed), torch.no_grad():
            last = self._encode(torch, torch.from_numpy(rows))[:, -1]
            scores: FloatArray = (last @ self.model_["titles"].weight[: self.n_items_].T).numpy()
        scores = scores - scores.min(axis=1, keepdims=True) + np.float32(1e-3)
        scores[[len(history) == 0 for history in histories]] = 0.0
        return scores

    @property
    def grid(self) -> tuple[Peer, ...]:
        """Little and much dropout; no more, since a fit takes minutes."""
        return self.vary(dropout=(0.3, 0.5))


@contextmanager
def _steady(torch: ModuleType, seed: int) -> Iterator[None]:
    """Seed PyTorch and keep it to one thread; what it was like comes back afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
