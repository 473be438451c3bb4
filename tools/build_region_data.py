r"""Build region shards for pretraining: images -> boxes, text, embeddings, clusters -> tar + parquet.

Example:
    python tools/build_region_data.py configs/data_engine/mini.py --num-workers 2

A build that was stopped goes on where it was; one whose config changed redoes what the change touches. Re-label with
another number of clusters:
    python tools/build_region_data.py configs/data_engine/mini.py --stages cluster,label \
        --cfg-options engine.cluster.num_clusters=64
"""
import argparse
import difflib
from pathlib import Path
from typing import List, Optional

from mmengine import Config, DictAction

from mmrice.compat import install_hint
from mmrice.utils import UserError, run_cli

EXECUTORS = {'local': 'mmrice.LocalExecutor'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file with `engine` and `out_dir`')
    parser.add_argument('--out', help='output folder; default: out_dir of the config')
    parser.add_argument('--stages', help='comma-separated part of ingest,propose,ocr,embed,cluster,label; default: all')
    parser.add_argument('--executor', choices=sorted(EXECUTORS), default='local', help='where jobs run')
    parser.add_argument('--num-workers', type=int, help='worker processes; default: one a core, 0: none but this one')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings that override the config')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def load_config(path: str, options: Optional[dict]) -> Config:
    """Read the config file.

    Raises:
        UserError: It is missing, cannot be read, or has no engine.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such config file. Those of the project are in configs/data_engine/.')
    try:
        config = Config.fromfile(path)
    except (SyntaxError, AttributeError, ValueError, OSError, ImportError) as error:
        raise UserError(f'{path}: cannot be read as a config ({error}).') from error
    config.merge_from_dict(options or {})
    if not isinstance(config.get('engine'), dict):
        raise UserError(f'{path}: has no `engine = dict(ingest=..., propose=..., ...)`. Is it a data engine config?')
    return config


def parse_stages(text: Optional[str], known: List[str]) -> Optional[List[str]]:
    """Split and check ``--stages``.

    Raises:
        UserError: A name is unknown; the nearest is suggested.
    """
    if text is None:
        return None
    names = [name.strip() for name in text.split(',') if name.strip()]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f'Did you mean {near[0]}?' if near else f'Expected some of {",".join(known)}.'
            raise UserError(f'--stages: unknown stage {name!r} for this config. {hint}')
    if not names:
        raise UserError(f'--stages names no stage. Expected some of {",".join(known)}.')
    return names


def main() -> None:
    args = parse_args()
    config = load_config(args.config, args.cfg_options)
    try:
        from mmrice.data_engine.build import Build
        from mmrice.data_engine.parts import build_part
    except ModuleNotFoundError as error:
        raise UserError(f'the data engine needs {error.name}, which is not installed. '
                        f'{install_hint(error.name)}') from error
    out = args.out or config.get('out_dir')
    if not out:
        raise UserError(f'{args.config}: has no out_dir. Set it there, or give --out DIR.')
    executor = build_part({'type': EXECUTORS[args.executor], 'num_workers': args.num_workers}, 'executor')
    with executor:
        build = Build(config.engine.to_dict(), Path(out), executor)
        print(build.run(parse_stages(args.stages, build.stages)))


if __name__ == '__main__':
    run_cli(main)
