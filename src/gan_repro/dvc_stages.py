"""The DVC stages of one scale, from its pipelines and catalog, and those that all scales share."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kedro.pipeline import Node

from gan_repro import code_files, datacard, kinds, locks, pipeline_registry
from gan_repro.campaign import Campaign, Labelling, labelling_of
from gan_repro.entries import Entries
from gan_repro.locks import LockedRun
from gan_repro.measuring import find_extractor
from gan_repro.pipelines import wiring

TOP_LEVEL_SCALE = "smoke"
SHARED_NAMESPACES = ("data", "labels", "weak_labels", "reference", locks.SHARED)
WHOLE_NAMESPACES = ("data", "report")
"""Namespaces whose nodes are one stage at every scale."""
DECISIVE_EVIDENCE = ("scores", "sheet", "history")
"""What of a run's evidence a report depends on; provenance changes with every run."""
CODE_HASHES = Path("dvc/code/code.json")
CHOSEN_FOLDERS = ("datasets", "features", "labels", "methods", "metrics")


@dataclass(frozen=True)
class Stages:
    """Makes the stages of one scale: a namespace each at smoke scale, a node each at others."""

    root: Path
    campaign: Campaign

    @cached_property
    def entries(self) -> Entries:
        """The catalog, with the data in its usual place whatever the environment says."""
        return Entries(self.root, self.campaign.scale)

    @cached_property
    def runs(self) -> dict[str, LockedRun]:
        """Run key -> run."""
        return {run.key: run for run in self.campaign.runs}

    @property
    def one_file(self) -> bool:
        """Whether this scale's stages are those of the top-level dvc.yaml."""
        return self.campaign.scale == TOP_LEVEL_SCALE

    def files(self) -> dict[Path, dict[str, Any]]:
        """dvc.yaml -> its stages."""
        groups: dict[str, list[Node]] = defaultdict(list)
        for node in pipeline_registry.build(self.campaign)["__default__"].nodes:
            groups[self._group(node)].append(node)
        files: dict[Path, dict[str, Any]] = defaultdict(dict)
        for name in sorted(groups):
            files[self._file(name)][name.replace(".", "-")] = self._stage(name, groups[name])
        return dict(files)

    def targets(self, nodes: Iterable[Node]) -> dict[str, str]:
        """Node's name -> its stage, as DVC's commands name it: ``dvc/cpu/jgan/dvc.yaml:STAGE``."""
        found = {}
        for node in nodes:
            group = self._group(node)
            head = "" if self.one_file else f"{self._file(group)}:"
            found[node.name] = f"{head}{group.replace('.', '-')}"
        return found

    def _group(self, node: Node) -> str:
        """The stage of a node, as a dotted name: a table, a namespace, or the node alone."""
        namespace = node.namespace or ""
        if namespace.endswith(".tables"):
            return ".".join(node.outputs[0].split(".")[1:3])
        whole = self.one_file or namespace.split(".")[0] in WHOLE_NAMESPACES
        return namespace if whole else node.name

    def _file(self, group: str) -> Path:
        if self.one_file:
            return Path("dvc.yaml")
        paper = group.split(".", maxsplit=1)[0]
        folder = locks.SHARED if paper in SHARED_NAMESPACES else paper
        return Path("dvc", self.campaign.scale, folder, "dvc.yaml")

    def _stage(self, group: str, nodes: list[Node]) -> dict[str, Any]:
        made = {name for node in nodes for name in node.outputs}
        read = {name for node in nodes for name in node.inputs} - made
        whole = nodes[0].namespace == group
        choice = f"--namespaces {group}" if whole else f"--nodes {','.join(n.name for n in nodes)}"
        stage: dict[str, Any] = {} if self.one_file else {"wdir": "../../.."}
        # a stage often runs because something changed: what no longer fits is moved aside
        trains = any(name.endswith(".snapshots") for name in made)
        fresh = " --params restart_on_change=true" if trains else ""
        stage["cmd"] = f"kedro run --env {self.campaign.scale}{fresh} {choice}"
        params = self._params(nodes, read)
        deps = {path for name in read for path in self._dependency(name)}
        roots = {root for node in nodes for root in self._roots(node)}
        if self.one_file:
            deps |= code_files.shown(roots)
        else:
            # thirty files a stage would be most of what DVC reads: one hash a root instead
            params[CODE_HASHES.as_posix()].update(roots)
        stage["deps"] = sorted(deps)
        stage["params"] = [{path: sorted(keys)} for path, keys in sorted(params.items())]
        stage["outs"] = [self._out(name) for name in sorted(made)]
        return stage

    def _dependency(self, name: str) -> Iterator[str]:
        kind = self.entries.about(name).get("kind")
        embedded = name.startswith("raw.") and not _is_fetched(self.root, name.split(".")[1])
        if kind == "evidence":
            _, paper, family = name.split(".")
            for run in self.campaign.runs:
                if (run.paper, run.family) == (paper, family):
                    decisive = [what for what in run.leaves if what in DECISIVE_EVIDENCE]
                    decisive += ["embedding"] if run in self.campaign.embedded else []
                    layouts = self.campaign.laid_out.get(run.key, ())
                    decisive += [f"layout_{name}" for name in layouts]
                    yield from (self.entries.path(f"{run.key}.{what}") for what in decisive)
        elif kind not in {"params", "provenance", "votes"} and not embedded:
            yield self.entries.path(name)

    def _out(self, name: str) -> Any:
        path, cached = self.entries.path(name), self.entries.about(name).get("cache", True)
        return path if cached else {path: {"cache": False}}

    def _params(self, nodes: Iterable[Node], read: set[str]) -> dict[str, set[str]]:
        params: dict[str, set[str]] = defaultdict(set)
        for name in read:
            about = self.entries.about(name)
            if about.get("kind") == "params":
                protocols = [p for run in self._runs(nodes) for p in run.evaluate]
                keys = protocols if name == "protocols" else about["keys"]
                params[self.entries.path(name)].update(keys)
        return params

    def _runs(self, nodes: Iterable[Node]) -> list[LockedRun]:
        inputs = {name for node in nodes for name in node.inputs if name.endswith(".run")}
        return [self.runs[name.removesuffix(".run")] for name in sorted(inputs)]

    def _roots(self, node: Node) -> Iterator[str]:
        """The code of a node: its function, and what configuration names without an import."""
        yield code_files.root_of(node.func)
        for run in self._runs([node]):
            if run.trained:
                yield f"methods/{run.train['method']['kind']}"
                yield from self._label_roots(labelling_of(run))
        for name in (*node.inputs, *node.outputs):
            what, *rest = name.split(".")
            if what == "cards":
                yield f"datasets/{rest[0]}"
            elif name in self.labellings:
                yield from self._label_roots(self.labellings[name])
            elif what == "reference":
                yield f"features/{find_extractor(rest[2])[0].__name__.rpartition('.')[2]}"
            elif name.endswith(".evaluate"):
                yield from self._metric_roots(self.runs[name.removesuffix(".evaluate")])

    def _metric_roots(self, run: LockedRun) -> Iterator[str]:
        for protocol in run.evaluate:
            for metric in self.campaign.protocols[protocol]["metrics"]:
                yield f"metrics/{metric}"

    @cached_property
    def labellings(self) -> dict[str, Labelling]:
        """Catalog entry -> the labels that it holds."""
        return {wiring.labels(labelling): labelling for labelling in self.campaign.labellings}

    @staticmethod
    def _label_roots(labelling: Labelling) -> Iterator[str]:
        """A kind of labels, and the one that it calls."""
        yield f"labels/{labelling.labels.kind}"
        inner = labelling.labels.settings.get("generated")
        if inner:
            yield f"labels/{inner['kind']}"


def code_stage() -> dict[str, Any]:
    """The stage that hashes the code for all stages of the larger scales."""
    return {
        "code": {
            "wdir": "../..",
            "cmd": "kedro hash-code",
            "deps": ["src/gan_repro"],
            "outs": [CODE_HASHES.as_posix()],
        }
    }


def code_hashes(campaign: Campaign) -> dict[str, str]:
    """Root -> hash of all the code behind it; comments, docstrings and layout don't count."""
    nodes = pipeline_registry.build(campaign)["__default__"].nodes
    roots = {code_files.root_of(node.func) for node in nodes}
    roots |= {f"{folder}/{kind}" for folder in CHOSEN_FOLDERS for kind in kinds.names(folder)}
    return {root: code_files.fingerprint(root) for root in sorted(roots)}


def raw_stages(conf: Path) -> dict[str, Any]:
    """A stage a data set that is fetched; what is there already stays, and is checked."""
    names = sorted(path.stem for path in (conf / "datasets").glob("*.yml"))
    return {
        f"fetch-{name}": {
            "wdir": "../..",
            "cmd": f"kedro fetch {name}",
            "deps": [f"conf/datasets/{name}.yml"],
            "outs": [{f"data/01_raw/{name}": {"persist": True}}],
        }
        for name in names
        if _is_fetched(conf.parent, name)
    }


def _is_fetched(root: Path, dataset: str) -> bool:
    return bool(datacard.read_card(dataset, root / "conf").files)
