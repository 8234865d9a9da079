"""Checkpoints: everything a run is made of, as one safetensors file and a JSON file that names it.

The JSON file is written last and by rename, so a checkpoint exists whole or not at all. Tensors
only, never pickle. Keys: ``player/NAME/...``, ``average/NAME/...``, ``optimiser/NAME/I/...``,
``state/NAME``, ``draws/NAME``, ``global/cpu``, ``batches/...``, ``history/...``.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from gan_repro import atomic
from gan_repro.training.table import Table

HEAD = "checkpoint.json"


def write(folder: Path, round_number: int, table: Table, seconds: float) -> None:
    """Write the state after ``round_number`` rounds, which took ``seconds``; remove the older."""
    name = f"checkpoint-{round_number:08d}.safetensors"
    tensors = {key: value.detach().cpu().contiguous() for key, value in _tensors(table).items()}
    atomic.write_bytes(folder / name, save(_own(tensors)))
    head = {
        "round": round_number,
        "seconds": round(seconds, 3),
        "file": name,
        "columns": table.history.columns,
    }
    atomic.write_text(folder / HEAD, json.dumps(head, indent=1) + "\n")
    for old in folder.glob("checkpoint-*.safetensors"):
        if old.name != name:
            old.unlink()


def read(folder: Path, table: Table) -> tuple[int, float]:
    """Restore the newest checkpoint; return its round and seconds, (0, 0.0) if there is none."""
    if not (folder / HEAD).exists():
        return 0, 0.0
    head = json.loads((folder / HEAD).read_text())
    tensors = load_file(folder / head["file"])
    for name, player in table.game.players.items():
        player.load_state_dict(_under(tensors, f"player/{name}"))
    for name, copy in table.averages.copies.items():
        copy.load_state_dict(_under(tensors, f"average/{name}"))
    for name, optimiser in table.stepper.optimisers.items():
        _restore_optimiser(optimiser, _under(tensors, f"optimiser/{name}"))
    for name, value in _under(tensors, "state").items():
        table.game.state[name].copy_(value)
    for name, draw in table.draws.items():
        draw.set_state(tensors[f"draws/{name}"])
    _set_global_states(_under(tensors, "global"))
    table.batches.restore(_under(tensors, "batches"))
    table.history.restore(head["columns"], _under(tensors, "history"), table.device)
    return int(head["round"]), float(head["seconds"])


def _tensors(table: Table) -> dict[str, Tensor]:
    parts: dict[str, Mapping[str, Tensor]] = {
        **{f"player/{name}": p.state_dict() for name, p in table.game.players.items()},
        **{f"average/{name}": a.state_dict() for name, a in table.averages.copies.items()},
        **{f"optimiser/{n}": _optimiser_state(o) for n, o in table.stepper.optimisers.items()},
        "state": table.game.state,
        "draws": {name: draw.get_state() for name, draw in table.draws.items()},
        "global": _global_states(),
        "batches": table.batches.state(),
        "history": table.history.state(),
    }
    return {
        f"{part}/{name}": value for part, values in parts.items() for name, value in values.items()
    }


def _own(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Clones where two names share memory, which safetensors refuses."""
    seen: set[int] = set()
    owned = {}
    for key, value in tensors.items():
        owned[key] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return owned


def _under(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    head = part + "/"
    return {key.removeprefix(head): v for key, v in tensors.items() if key.startswith(head)}


def _parameters(optimiser: torch.optim.Optimizer) -> Iterable[tuple[int, Tensor]]:
    return enumerate(p for group in optimiser.param_groups for p in group["params"])


def _optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{index}/{name}": value
        for index, parameter in _parameters(optimiser)
        for name, value in optimiser.state[parameter].items()
    }


def _restore_optimiser(optimiser: torch.optim.Optimizer, state: Mapping[str, Tensor]) -> None:
    for index, parameter in _parameters(optimiser):
        for name, value in _under(state, str(index)).items():
            like = parameter if value.shape == parameter.shape else value
            slot = torch.empty_like(like, device=parameter.device)  # keeps the memory format
            optimiser.state[parameter][name] = slot.copy_(value)


def _global_states() -> dict[str, Tensor]:
    """PyTorch's global generators: dropout and some libraries draw from them."""
    cuda = {f"cuda{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())} if _cuda() else {}
    return {"cpu": torch.get_rng_state(), **cuda}


def _set_global_states(states: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    if _cuda():
        torch.cuda.set_rng_state_all([states[name] for name in sorted(states) if name != "cpu"])


def _cuda() -> bool:
    return torch.cuda.is_available()
