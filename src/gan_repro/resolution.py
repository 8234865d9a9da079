"""What a scale makes of a paper: every run, with every hyper-parameter."""

from typing import Any

from pydantic import ValidationError

from gan_repro import kinds
from gan_repro.checking import explain, known_names, refuse
from gan_repro.errors import UnknownKindError
from gan_repro.families import FamilySpec, SelectionSpec
from gan_repro.papers import PaperSpec
from gan_repro.runs import LabelChoice, RunSpec
from gan_repro.scales import ScaleSpec

Runs = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""family -> condition -> seed -> {"train": a RunSpec as a dict, "evaluate": protocol names}, and
"parts" for a run that is made of others: their keys, "runs", and what it selects one of them by."""


def resolve(paper: PaperSpec, scale: ScaleSpec) -> Runs:
    """Every run of a paper at a scale, with every hyper-parameter.

    A scale that names no data sets for the paper has no runs of it, and none of the families for
    whose data set it says null.

    Raises
    ------
    ConfigurationError
        With all faults at once: unknown kinds, settings, data sets and protocol roles.
    """
    if paper.paper not in scale.datasets:
        return {}
    faults = _unknown_families(paper, scale)
    families = {
        name: family.with_grid(scale.change(paper.paper, name).grid)
        for name, family in paper.families.items()
        if scale.stand_in(paper.paper, family.dataset) is not None
    }
    runs: Runs = {
        name: {
            condition: _seeds(paper.paper, name, condition, family, scale, faults)
            for condition in family.conditions
        }
        for name, family in families.items()
    }
    refuse(f"conf/papers/{paper.paper}.yml at {scale.scale} scale", list(dict.fromkeys(faults)))
    return runs


def _unknown_families(paper: PaperSpec, scale: ScaleSpec) -> list[str]:
    changed = [name.split(".", 1) for name in scale.families]
    ours = [rest[0] for owner, *rest in changed if owner == paper.paper and rest]
    return [
        f"the scale's families: no family is called {name!r}. {known_names(name, paper.families)}"
        for name in ours
        if name not in paper.families
    ]


def resolve_shared(scale: ScaleSpec) -> Runs:
    """The runs that no paper owns, one an instrument and data set, with the one seed 0."""
    faults: list[str] = []
    runs: Runs = {}
    own = scale.model_copy(
        update={
            "seeds": [0],
            "datasets": {},
            "methods": {},
            "protocols": {n: n for i in scale.instruments.values() for n in i.evaluate},
        }
    )
    for extractor, everywhere in scale.instruments.items():
        for dataset in everywhere.datasets:
            spec = everywhere.on(dataset)
            condition = spec.labels.kind
            family = FamilySpec(
                dataset=dataset,
                snapshots=(1.0,),
                conditions={condition: spec.labels},
                **spec.model_dump(exclude={"labels", "datasets"}),
            )
            name = f"{extractor}_{dataset}"
            runs[name] = {condition: _seeds("shared", name, condition, family, own, faults)}
    refuse(f"conf/scales/{scale.scale}.yml: instruments", faults)
    return runs


def _seeds(
    paper: str, name: str, condition: str, family: FamilySpec, scale: ScaleSpec, faults: list[str]
) -> dict[str, dict[str, Any]]:
    where = f"families.{name}"
    parts, selection, family = family.parts(condition), family.selection, family.at(condition)
    stands_in = _dataset(paper, name, family, scale, faults)
    method = _method(paper, name, family, scale, faults)
    chosen = family.conditions[condition]
    labels = _labels(paper, name, condition, chosen, scale, faults)
    evaluate = _protocols(f"{where}.evaluate", family.evaluate, scale, faults)
    if faults:
        return {}
    common: dict[str, Any] = {
        "scale": scale.scale,
        "dataset": stands_in,
        "split": family.split if stands_in == family.dataset else "train",
        "labels": labels,
        "method": method,
        "rounds": scale.rounds(paper, name, family.rounds),
        "batch_size": scale.batch_size.get(paper, family.batch_size),
        "pixels": family.pixels,
        "snapshots": family.snapshots,
        "engine": scale.engine,
    }
    runs = {}
    # The same seed gives every method the same data order and draws: claims pair runs by seed.
    for seed in scale.seeds_of(paper):
        key = f"{paper}.{name}.{condition}.seed{seed}"
        try:
            run = RunSpec(key=key, seed=seed, **common)
        except ValidationError as error:
            faults.extend(f"{where}.{fault}" for fault in explain(error, RunSpec))
            return {}
        runs[f"seed{seed}"] = {"train": run.model_dump(mode="json"), "evaluate": evaluate}
        if parts:
            made_of = _made_of(f"{paper}.{name}", parts, seed, selection, scale)
            runs[f"seed{seed}"]["parts"] = made_of
    return runs


def _made_of(
    family: str, parts: list[str], seed: int, selection: SelectionSpec | None, scale: ScaleSpec
) -> dict[str, Any]:
    """The runs that a run is made of, and what selects one of them, if anything does."""
    made_of: dict[str, Any] = {"runs": [f"{family}.{part}.seed{seed}" for part in parts]}
    if selection:
        names = scale.protocol_names(selection.protocol)  # the parts' own faults name unknown roles
        chosen = {"metric": selection.metric, "better": selection.better}
        made_of["select"] = {"protocol": next(iter(names), selection.protocol), **chosen}
    return made_of


def _dataset(paper: str, name: str, family: FamilySpec, scale: ScaleSpec, faults: list[str]) -> str:
    """What stands in for the family's data set; the same where the paper is none."""
    chosen = scale.datasets.get(paper, {})
    stands_in = scale.stand_in(paper, family.dataset) or family.dataset
    if paper != "shared" and family.dataset not in chosen:
        known = known_names(family.dataset, chosen)
        faults.append(f"families.{name}.dataset: nothing stands in for {family.dataset!r}. {known}")
    elif stands_in not in kinds.names("datasets"):
        known = known_names(stands_in, kinds.names("datasets"))
        faults.append(f"families.{name}.dataset: no data set is called {stands_in!r}. {known}")
    return stands_in


def _method(
    paper: str, name: str, family: FamilySpec, scale: ScaleSpec, faults: list[str]
) -> dict[str, Any]:
    if not family.method:
        return {}
    kind = str(family.method.get("kind", ""))
    asked = {name: value for name, value in family.method.items() if name != "kind"}
    scaled = {**asked, **scale.method_settings(paper, name, kind)}
    settings = _settings("methods", kind, scaled)
    if isinstance(settings, list):
        faults.extend(f"families.{name}.method.{fault}" for fault in settings)
        return {}
    return {"kind": kind, **settings}


def _labels(
    paper: str, name: str, condition: str, labels: LabelChoice, scale: ScaleSpec, faults: list[str]
) -> LabelChoice:
    asked = {**labels.settings, **scale.label_settings(paper, name, labels.kind)}
    settings = _settings("labels", labels.kind, asked)
    if isinstance(settings, list):
        where = f"families.{name}.conditions.{condition}"
        faults.extend(f"{where}.settings.{fault}" for fault in settings)
        return labels
    return LabelChoice(kind=labels.kind, settings=settings)


def _settings(folder: str, kind: str, asked: dict[str, Any]) -> dict[str, Any] | list[str]:
    """All settings of a kind, defaults included, or what is wrong with those asked for."""
    try:
        model = kinds.find(folder, kind).Settings
        return dict(model(**asked).model_dump(mode="json"))
    except UnknownKindError as error:
        return [f"kind: {error}"]
    except ValidationError as error:
        return explain(error, model)


def _protocols(where: str, roles: list[str], scale: ScaleSpec, faults: list[str]) -> list[str]:
    for role in roles:
        if role not in scale.protocols:
            known = known_names(role, scale.protocols)
            faults.append(f"{where}: the scale has no protocol for the role {role!r}. {known}")
    return list(dict.fromkeys(name for role in roles for name in scale.protocol_names(role)))
