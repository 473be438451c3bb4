"""Keys of images: plain characters, each key once."""
import re
from hashlib import blake2b
from typing import Set

import numpy as np

_STEP = 1 << 20


class Names:
    """Turns paths into keys and gives each key out once.

    Keys that were given out are remembered as hashes of 64 bits: 8 bytes a key (twice that for a moment, at every
    millionth one), and some 100 MB for the latest million. Two different keys with one hash get a number like equal
    ones, and are no worse for it.
    """

    def __init__(self) -> None:
        self._sorted = np.zeros(0, np.uint64)
        self._recent: Set[int] = set()

    def key(self, text: str) -> str:
        """Letters, digits, '_' and '-' of a text, with '~2', '~3', ... where the key was given out before."""
        plain = plain_key(text)
        key, number = plain, 1
        while self._seen(key):
            number += 1
            key = f'{plain}~{number}'
        return key

    def _seen(self, key: str) -> bool:
        value = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), 'little')
        place = np.searchsorted(self._sorted, np.uint64(value))
        if value in self._recent or (place < len(self._sorted) and self._sorted[place] == value):
            return True
        self._recent.add(value)
        if len(self._recent) == _STEP:
            self._sorted = np.union1d(self._sorted, np.fromiter(self._recent, np.uint64, _STEP))
            self._recent.clear()
        return False


def plain_key(text: str) -> str:
    """Replace everything but letters, digits, '_' and '-' by '_'."""
    return re.sub(r'[^0-9A-Za-z_-]+', '_', text)
