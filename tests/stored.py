"""What becomes of a value that is stored."""

from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import Packer, Unpacker


def through(value):
    """What becomes of a value when it is written and read."""
    packed = Packer(FORMS, keeps_foreign=False).packed(value)
    return Unpacker(FORMS, packed.arrays).unpacked(packed.document)
