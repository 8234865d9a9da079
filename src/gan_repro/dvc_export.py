"""dvc.yaml, written from pipelines and catalog, so that the two cannot drift apart.

The top-level file is smoke scale, a stage a namespace: a plain `dvc repro` ends in minutes. The
other scales have ``dvc/<scale>/<paper>/dvc.yaml`` with a stage a node: one training, one evaluation
a run. ``dvc/raw/dvc.yaml`` fetches raw files, for all scales.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kedro.pipeline import Node

from gan_repro import atomic, code_files, datacard, locks, pipeline_registry
from gan_repro.campaign import Campaign, read_campaign
from gan_repro.entries import Entries
from gan_repro.errors import StaleLockError
from gan_repro.locks import LockedRun
from gan_repro.measuring import find_extractor

HEADER = "# Written by `kedro export-dvc`; do not edit.\n"
TOP_LEVEL_SCALE = "smoke"
RAW = Path("dvc/raw/dvc.yaml")
SHARED_NAMESPACES = ("data", "labels", "reference", locks.SHARED)
WHOLE_NAMESPACES = ("data", "report")
"""Namespaces whose nodes are one stage at every scale; a table's nodes are, too."""


def expected(root: Path) -> dict[Path, str]:
    """Every dvc.yaml, relative to the project's folder, and what it must hold.

    Raises
    ------
    ConfigurationError
        When a pipeline reads or writes something that has no file.
    """
    conf = root / "conf"
    files = {RAW: {"stages": _raw_stages(conf)}}
    for scale in locks.scales(conf):
        campaign = read_campaign(conf, scale)
        for path, stages in _Exporter(root, campaign).files().items():
            files[path] = {"stages": stages}
    return {path: HEADER + locks.dump(content) for path, content in files.items()}


def write(root: Path) -> list[Path]:
    """Bring every dvc.yaml up to date; returns those that were written or removed."""
    files = expected(root)
    changed = [path for path, text in files.items() if _text(root / path) != text]
    superfluous = _superfluous(root, files)
    for path in changed:
        atomic.write_text(root / path, files[path])
    for path in superfluous:
        (root / path).unlink()
    return changed + superfluous


def check(root: Path) -> None:
    """Refuse a dvc.yaml that does not follow from pipelines and catalog.

    Raises
    ------
    StaleLockError
        Naming each file and the stages that differ.
    """
    files = expected(root)
    faults = [f"{path}: superfluous" for path in _superfluous(root, files)]
    for path, text in files.items():
        found = _text(root / path)
        if not found:
            faults.append(f"{path}: missing")
        elif found != text:
            faults.append(f"{path}: stale: {_difference(root / path, text)}")
    if faults:
        raise StaleLockError(
            "dvc.yaml does not follow from pipelines, catalog and code:\n  "
            + "\n  ".join(faults)
            + "\nRun `kedro export-dvc` and commit the result."
        )


@dataclass(frozen=True)
class _Exporter:
    """Makes the stages of one scale."""

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
            whole = self.one_file or self._is_whole(node)
            groups[(node.namespace or "") if whole else node.name].append(node)
        files: dict[Path, dict[str, Any]] = defaultdict(dict)
        for name in sorted(groups):
            files[self._file(name)][name.replace(".", "-")] = self._stage(name, groups[name])
        return dict(files)

    def _is_whole(self, node: Node) -> bool:
        paper, _, rest = (node.namespace or "").partition(".")
        tables = {(p.paper, table) for p, table in self.campaign.tables()}
        return paper in WHOLE_NAMESPACES or (paper, rest) in tables

    def _file(self, group: str) -> Path:
        if self.one_file:
            return Path("dvc.yaml")
        paper = group.split(".", maxsplit=1)[0]
        folder = locks.SHARED if paper in SHARED_NAMESPACES else paper
        return Path("dvc", self.campaign.scale, folder, "dvc.yaml")

    def _stage(self, group: str, nodes: list[Node]) -> dict[str, Any]:
        made = {name for node in nodes for name in node.outputs}
        read = {name for node in nodes for name in node.inputs} - made
        choice = "--nodes" if nodes[0].name == group else "--namespaces"
        stage: dict[str, Any] = {} if self.one_file else {"wdir": "../../.."}
        # a stage runs because something changed: what an earlier attempt left is moved aside
        fresh = " --params fresh=true" if "params:fresh" in read else ""
        stage["cmd"] = f"kedro run --env {self.campaign.scale}{fresh} {choice} {group}"
        params = self._params(nodes, read)
        deps = {path for name in read for path in self._dependency(name)}
        stage["deps"] = sorted(deps | self._code(nodes))
        if params:
            stage["params"] = [{path: sorted(keys)} for path, keys in sorted(params.items())]
        stage["outs"] = [self._out(name) for name in sorted(made)]
        return stage

    def _dependency(self, name: str) -> Iterator[str]:
        if name.startswith("params:"):
            return  # switches of training; none decides a result
        kind = self.entries.about(name).get("kind")
        embedded = name.startswith("raw.") and not _is_fetched(self.root, name.split(".")[1])
        if kind not in {"params", "provenance"} and not embedded:
            yield self.entries.path(name)

    def _out(self, name: str) -> Any:
        path, cached = self.entries.path(name), self.entries.about(name).get("cache", True)
        return path if cached else {path: {"cache": False}}

    def _params(self, nodes: Iterable[Node], read: set[str]) -> dict[str, set[str]]:
        params: dict[str, set[str]] = defaultdict(set)
        for name in read:
            about = {} if name.startswith("params:") else self.entries.about(name)
            if about.get("kind") == "params":
                protocols = [p for run in self._runs(nodes) for p in run.evaluate]
                keys = protocols if name == "protocols" else about["keys"]
                params[self.entries.path(name)].update(keys)
        return params

    def _runs(self, nodes: Iterable[Node]) -> list[LockedRun]:
        inputs = {name for node in nodes for name in node.inputs if name.endswith(".run")}
        return [self.runs[name.removesuffix(".run")] for name in sorted(inputs)]

    def _code(self, nodes: list[Node]) -> set[str]:
        files: set[Path] = set()
        for node in nodes:
            files |= code_files.of_function(node.func)
            for module in self._chosen_by_name(node):
                files |= code_files.of_module(f"{code_files.PACKAGE}.{module}")
        return {path.relative_to(code_files.SOURCE.parent).as_posix() for path in files}

    def _chosen_by_name(self, node: Node) -> Iterator[str]:
        """Modules that configuration names: no import statement shows them."""
        for run in self._runs([node]):
            yield f"methods.{run.train['method']['kind']}"
        for name in (*node.inputs, *node.outputs):
            what, *rest = name.split(".")
            if what == "cards":
                yield f"datasets.{rest[0]}"
            elif what == "reference":
                yield _module_of(find_extractor(rest[2])[0].__name__)
            elif name.endswith(".evaluate"):
                for protocol in self.runs[name.removesuffix(".evaluate")].evaluate:
                    yield from (
                        f"metrics.{m}" for m in self.campaign.protocols[protocol]["metrics"]
                    )


def _raw_stages(conf: Path) -> dict[str, Any]:
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


def _module_of(name: str) -> str:
    return name.removeprefix(f"{code_files.PACKAGE}.")


def _superfluous(root: Path, files: Iterable[Path]) -> list[Path]:
    present = {path.relative_to(root) for path in (root / "dvc").glob("**/dvc.yaml")}
    return sorted(present - set(files))


def _difference(path: Path, text: str) -> str:
    old, new = locks.load_fast(path)["stages"], locks.load_text(text)["stages"]
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"stages {', '.join(names[:3])}{more}" if names else "same stages, written differently"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
