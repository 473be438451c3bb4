"""Check that files stay small; needs only the standard library.

Python files have at most 400 lines, tests 250, configs 60 and configs/**/_base_ 110.

Example: python tools/misc/check_house_rules.py
"""
import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ('mmrice', 'configs', 'tools', 'tests', 'projects')
LIMIT, TEST_LIMIT, CONFIG_LIMIT, BASE_CONFIG_LIMIT = 400, 250, 60, 110


def limit_of(path: Path) -> int:
    """Most lines that the file may have; ``path`` is relative to the root."""
    if 'configs' in path.parts:
        return BASE_CONFIG_LIMIT if '_base_' in path.parts else CONFIG_LIMIT
    return TEST_LIMIT if 'tests' in path.parts else LIMIT


def python_files(root: Path):
    """Yield the project's Python files, relative to ``root``; links are not followed."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob('*.py')):
            relative = path.relative_to(root)
            if not {'.mim', 'work_dirs', 'data'}.intersection(relative.parts[1:]) and not path.is_symlink():
                yield relative


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    checked = failed = 0
    for path in python_files(ROOT):
        lines = len((ROOT / path).read_text(encoding='utf-8').splitlines())
        checked += 1
        if lines > limit_of(path):
            failed += 1
            print(f'{path}: {lines} lines, at most {limit_of(path)} are allowed. Split it.')
    print(f'house rules: {checked} files checked, {failed} too long')
    return int(failed > 0 or checked == 0)


if __name__ == '__main__':
    sys.exit(main())
