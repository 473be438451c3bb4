"""Fetch the pinned packages with pip, check their hashes, keep them in a cache folder."""
import hashlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Dict, Iterable, List

from mmrice.utils import UserError, atomic_path

from .archives import Archive
from .packages import PIP_PACKAGES, PipPackage
from .progress import Progress


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, lower-case hex."""
    digest = hashlib.sha256()
    with open(path, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def mismatch(package: PipPackage, found: str) -> UserError:
    """Return the error for an archive that is not the pinned one."""
    return UserError(f'{package.name} {package.version}: the archive {package.filename} has sha256 {found}, '
                     f'expected {package.sha256}. Nothing of it was kept. Check which index pip is configured to '
                     'use (python -m pip config list).')


def fetch_package(package: PipPackage, cache: Path) -> Path:
    """Return the path of the package's archive, downloading it when the cache has no sound copy.

    Args:
        package: What to fetch.
        cache: Folder that keeps archives.

    Raises:
        UserError: pip is missing or fails, or the archive has another hash than the pinned one.
    """
    target = cache / package.filename
    if target.is_file():
        if sha256_of(target) == package.sha256:
            return target
        print(f'{target.name}: not the expected file (interrupted download?), fetching it again', file=sys.stderr)
        target.unlink()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.tmp-', dir=cache) as folder:
        _pip_download(package, Path(folder))
        found = Path(folder) / package.filename
        if not found.is_file():
            names = ', '.join(sorted(path.name for path in Path(folder).iterdir())) or 'nothing'
            raise UserError(f'{package.name} {package.version}: pip brought {names}, expected {package.filename}.')
        digest = sha256_of(found)
        if digest != package.sha256:
            raise mismatch(package, digest)
        with atomic_path(target) as temporary:
            found.replace(temporary)
    return target


def fetch_packages(names: Iterable[str], cache: Path) -> Dict[str, Archive]:
    """Fetch several packages side by side and return them open, by name."""
    packages = [PIP_PACKAGES[name] for name in names]
    archives = {}
    with Progress('packages', len(packages)) as progress, ThreadPoolExecutor(max_workers=3) as pool:
        jobs = {pool.submit(fetch_package, package, cache): package for package in packages}
        try:
            for job in as_completed(jobs):
                archives[jobs[job].name] = Archive(jobs[job].name, job.result())
                progress.step(jobs[job].name)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return archives


def _pip_download(package: PipPackage, folder: Path) -> None:
    requirement = folder / 'requirement.txt'
    # pip checks the hash before it runs an sdist's own build code.
    requirement.write_text(f'{package.name}=={package.version} --hash=sha256:{package.sha256}\n', encoding='utf-8')
    command = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--ignore-requires-python',
               '--progress-bar=off', '--disable-pip-version-check', '--dest', str(folder), *package.pip_args,
               '--requirement', str(requirement)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    requirement.unlink()
    if done.returncode == 0:
        return
    got = re.search(r'Got\s+([0-9a-f]{64})', done.stdout)
    if got:
        raise mismatch(package, got.group(1))
    raise UserError(_why_pip_failed(package, done.stdout))


def _why_pip_failed(package: PipPackage, output: str) -> str:
    if 'No module named pip' in output:
        return f'{sys.executable} has no pip. Install it with: {sys.executable} -m ensurepip'
    if 'No space left' in output:
        return f'{package.name} {package.version}: the disk is full. Nothing half-written was left behind.'
    errors: List[str] = re.findall(r'ERROR: (.*)', output) or output.strip().splitlines()[-1:] or ['no output']
    return (f'{package.name} {package.version}: pip could not download it: {errors[0].strip()} '
            'Is there a network or a package mirror? Settings: python -m pip config list.')
