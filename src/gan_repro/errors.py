"""The exceptions of gan_repro.

    GanReproError
    ├── ConfigurationError        a file under conf/ asks for something that cannot be
    │   ├── UnknownKindError      no file of that name in a folder of kinds
    │   └── StaleLockError        the resolved runs or dvc.yaml do not follow from their sources
    ├── DataError                 bytes are not what they should be
    │   ├── ChecksumError         the sha256 of a file differs from the recorded one
    │   └── SourceError           no source could deliver a data set's raw files
    ├── TrainingError             a run cannot go on
    │   ├── NonFiniteLossError    a named term became NaN or infinite
    │   └── ResumeRefusedError    the state on disk belongs to another run
    ├── EvaluationError           a score cannot be computed
    │   └── MissingWeightsError   an extractor's weights are not where they should be
    └── UnfinishedError           nodes of a distributed run failed; others were finished

Every message says what was asked, what is wrong, what was expected, and what to do next.
"""


class GanReproError(Exception):
    """Base of every error that gan_repro raises on purpose."""


class ConfigurationError(GanReproError, ValueError):
    """A configuration asks for something that cannot be."""


class UnknownKindError(ConfigurationError):
    """No file of that name exists in a folder of kinds."""


class StaleLockError(ConfigurationError):
    """A generated file does not follow from the files it is generated from."""


class DataError(GanReproError, ValueError):
    """Bytes are not what they should be."""


class ChecksumError(DataError):
    """The sha256 of a file differs from the recorded one."""


class SourceError(DataError):
    """No source could deliver a data set's raw files."""


class TrainingError(GanReproError, RuntimeError):
    """A run cannot go on."""


class NonFiniteLossError(TrainingError):
    """A named term of a turn became NaN or infinite."""


class ResumeRefusedError(TrainingError):
    """The state on disk belongs to another run than the one asked for."""


class EvaluationError(GanReproError, RuntimeError):
    """A score cannot be computed."""


class MissingWeightsError(EvaluationError):
    """An extractor's weights are not where they should be."""


class UnfinishedError(GanReproError, RuntimeError):
    """Nodes of a distributed run failed; ``finished`` names those that did their work."""

    def __init__(self, message: str, finished: tuple[str, ...] = ()):
        super().__init__(message)
        self.finished = finished
