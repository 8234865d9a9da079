"""The history of a run: the mean of every named term over each window of rounds."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gan_repro.errors import NonFiniteLossError


class History:
    """Collects terms on the device, and reads them back once a window; no sync in between.

    columns : ``turn.term`` names, fixed by the first round.
    rows : (windows, 1 + columns) float64: the round that ends the window, then the means.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.columns: list[str] = []
        self.latest: dict[str, Tensor] = {}  # a turn that sits out a round keeps its last terms
        self.pending: list[Tensor] = []
        self.rows: list[Tensor] = []

    def add(self, played: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Keep the terms of one round."""
        named = {f"{turn}.{name}": v for turn, terms in played.items() for name, v in terms.items()}
        self.columns = self.columns or list(named)
        values = {**self.latest, **named}
        row = torch.stack([values[name].float() for name in self.columns])
        self.pending.append(row)
        self.latest = dict(zip(self.columns, row, strict=True))  # copies: terms keep no memory

    def check(self, round_number: int) -> Tensor:
        """The pending rounds on the CPU, after a look for terms that aren't finite.

        Raises
        ------
        NonFiniteLossError
            Naming the first term, its player's turn and the round.
        """
        if not self.pending:
            return torch.empty(0, len(self.columns))
        window = torch.stack(self.pending).double().cpu()
        bad = (~torch.isfinite(window)).nonzero()
        if len(bad):
            row, column = bad[0].tolist()
            first = round_number - len(window) + row + 1
            raise NonFiniteLossError(
                f"{self.key}: the term {self.columns[column]!r} became "
                f"{window[row, column].item()} in round {first}. Terms must stay finite. The last "
                "good checkpoint is kept; lower the learning rate or use precision float32."
            )
        return window

    def close_window(self, round_number: int) -> dict[str, float]:
        """End a window after ``round_number`` rounds, and return its means by column."""
        means = self.check(round_number).mean(dim=0)
        head = torch.tensor([float(round_number)], dtype=torch.float64)
        self.rows.append(torch.cat([head, means]))
        self.pending.clear()
        return dict(zip(self.columns, means.tolist(), strict=True))

    def state(self) -> dict[str, Tensor]:
        """Everything but the columns, as named tensors."""
        latest = [self.latest[name].float() for name in self.columns]
        lists = {"pending": self.pending, "rows": self.rows, "latest": latest}
        return {name: torch.stack(values).cpu() for name, values in lists.items() if values}

    def restore(
        self, columns: list[str], state: Mapping[str, Tensor], device: torch.device
    ) -> None:
        """Go back to a stored state."""
        self.columns = columns
        self.pending = [row.to(device) for row in state.get("pending", [])]
        self.rows = list(state.get("rows", []))
        self.latest = dict(zip(columns, state["latest"].to(device), strict=True))

    def table(self) -> dict[str, list[float]]:
        """The history by column, ``round`` first."""
        if not self.rows:
            return {"round": []}
        columns = torch.stack(self.rows).T.tolist()
        terms = dict(zip(self.columns, columns[1:], strict=True))
        return {"round": [int(number) for number in columns[0]], **terms}
