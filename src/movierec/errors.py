"""Every exception the library raises on purpose.

::

    MovieRecError
    ├── ConfigError            a setting or argument has an unusable value
    ├── DataError              input data cannot be used
    │   ├── UnknownDatasetError    no data set of that name, folder or zip
    │   ├── LayoutError            a folder or zip in no known layout
    │   └── QuarantineError        too many broken rows to go on
    ├── ArtifactError          a bundle cannot be served
    │   ├── NoBundleError          nothing has been built yet
    │   ├── CorruptBundleError     a file differs from its manifest
    │   └── IncompatibleBundleError  made by other library versions or features
    ├── NotFoundError          the request names something that does not exist
    │   ├── UnknownUserError
    │   ├── UnknownItemError
    │   └── UnknownFeedbackError
    ├── FeedbackConflictError  an event contradicts one that is already stored
    └── FeedbackUnavailableError  the feedback store cannot take or give events
"""

from __future__ import annotations


class MovieRecError(Exception):
    """Base of all errors raised on purpose; its text is one line meant for people."""


class ConfigError(MovieRecError, ValueError):
    """A setting or an argument has an unusable value."""


class DataError(MovieRecError):
    """Input data cannot be used."""


class UnknownDatasetError(DataError):
    """No data set of that name, folder or zip."""


class LayoutError(DataError):
    """A folder or zip is in no layout the readers know."""


class QuarantineError(DataError):
    """More rows are broken than the threshold allows."""


class ArtifactError(MovieRecError):
    """A bundle cannot be served."""


class NoBundleError(ArtifactError):
    """Nothing has been built in this home yet."""


class CorruptBundleError(ArtifactError):
    """A file of the bundle differs from its manifest."""


class IncompatibleBundleError(ArtifactError):
    """The bundle was made by library versions or a feature list this code cannot serve."""


class NotFoundError(MovieRecError, LookupError):
    """The request names something that does not exist."""


class UnknownUserError(NotFoundError):
    """No user of that index or id."""


class UnknownItemError(NotFoundError):
    """No item of that index or id."""


class UnknownFeedbackError(NotFoundError):
    """No feedback event of that id by this user about this item."""


class FeedbackConflictError(MovieRecError):
    """An event contradicts one that is already stored."""


class FeedbackErasedError(MovieRecError):
    """An event was accepted before its viewer was erased, and reached the store after that."""


class FeedbackUnavailableError(MovieRecError):
    """The feedback store cannot take or give events right now."""
