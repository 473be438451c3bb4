"""Seeds out of numbers."""
from hashlib import blake2b


def mix(*numbers: int) -> int:
    """Hash integers to a seed.

    Args:
        *numbers: Any integers; their order matters.

    Returns:
        int: 63 bits, the same in every process and on every machine.
    """
    digest = blake2b(','.join(str(int(number)) for number in numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest, 'little') >> 1
