"""Everything Pecten raises on purpose.

PectenError
├── UsageError         a command or argument that cannot be followed
├── ShapeError         arrays that do not fit together
├── FootageError       a plate, clip or sequence that cannot be read
├── FacesError         no usable face, or a face record that cannot be read
├── ConsentError       a performer without a valid record for this use
├── CombError          a comb, checkpoint or identity that cannot be used
├── TrainingError      training that cannot start or go on
├── DeliveryError      an output that cannot be written
└── CredentialsError   content credentials that cannot be made or read

A message names what was found, where, and what to do, in one line.
"""


class PectenError(Exception):
    """A mistake that the user can mend; the command prints it as one line and exits with 1."""


class UsageError(PectenError):
    """A command or argument that cannot be followed."""


class ShapeError(PectenError, ValueError):
    """Arrays that do not fit together."""


class FootageError(PectenError):
    """A plate, clip or sequence that cannot be read."""


class FacesError(PectenError):
    """No usable face, or a face record that cannot be read."""


class ConsentError(PectenError):
    """A performer without a valid record for this use."""


class CombError(PectenError):
    """A comb, checkpoint or identity that cannot be used."""


class TrainingError(PectenError):
    """Training that cannot start or go on."""


class DeliveryError(PectenError):
    """An output that cannot be written."""


class CredentialsError(PectenError):
    """Content credentials that cannot be made or read."""
