r"""Build region shards for pretraining: images -> boxes, text, embeddings, clusters, captions -> tar + parquet.

Example:
    python tools/build_region_data.py configs/data_engine/mini.py --num-workers 2

A build that was stopped goes on where it was; one whose config changed redoes what the change touches. Re-label with
another number of clusters:
    python tools/build_region_data.py configs/data_engine/mini.py --stages cluster,label \
        --cfg-options engine.cluster.num_clusters=64
On a Ray cluster whose machines share this folder, with a GPU for each of 16 workers:
    python tools/build_region_data.py CONFIG --executor ray --num-workers 16 \
        --cfg-options engine.executors.ray.address=auto engine.executors.ray.num_gpus=1
"""
import argparse
import difflib
import sys
from pathlib import Path
from typing import Any, List, Optional

from mmengine import Config, DictAction

from mmrice.apis.config import apply_options, read_config
from mmrice.compat import install_hint
from mmrice.utils import UserError, run_cli

EXECUTORS = {'local': 'mmrice.LocalExecutor', 'ray': 'mmrice.RayExecutor'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file with `engine` and `out_dir`')
    parser.add_argument('--out', help='output folder; default: out_dir of the config')
    parser.add_argument('--stages', help='comma-separated part of ingest,propose,ocr,embed,cluster,caption,phrases,'
                        'ground,tag,mask,label; default: all that the config has')
    parser.add_argument('--executor', default='local', metavar='local|ray',
                        help='where jobs run: processes of this machine (default) or workers of Ray; its other '
                        'settings are engine.executors.NAME of the config, where a project can add its own')
    parser.add_argument('--num-workers', type=int, metavar='N', help='worker processes; default: one a core (ray: as '
                        'many as the cluster has room for), 0: none but this one (local)')
    parser.add_argument('--build-vocab', action='store_true',
                        help='label text with the words of the data, whatever vocabulary the config says')
    parser.add_argument('--min-count', type=int, metavar='N',
                        help='with --build-vocab: least number of regions with a word; default: 2')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='settings that override the config')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def load_config(path: str, options: Optional[dict]) -> Config:
    """Read the config file and apply ``--cfg-options``.

    Raises:
        UserError: It is missing, cannot be read, has no engine, or an option does not fit it.
    """
    config = read_config(path)
    if not isinstance(config.get('engine'), dict):
        raise UserError(f'{path}: has no `engine = dict(ingest=..., propose=..., ...)`. Is it a data engine config?')
    apply_options(config, options or {})
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


def use_built_vocabulary(config: Config, min_count: Optional[int]) -> None:
    """Replace the vocabulary of the config by the words of the data.

    Raises:
        UserError: The engine reads no text, or ``min_count`` is below 1.
    """
    if not config.engine.get('ocr'):
        raise UserError('--build-vocab: engine.ocr is not set, so there is no text. Set it in the config, e.g. '
                        "--cfg-options engine.ocr.type=mmrice.RapidOCRReader, or leave --build-vocab out.")
    if min_count is not None and min_count < 1:
        raise UserError(f'--min-count is {min_count}, expected 1 or more regions.')
    old = (config.engine.get('label') or {}).get('vocabulary') or {}
    new = dict(old) if old.get('type') == 'mmrice.WordVocabulary' else {'type': 'mmrice.WordVocabulary'}
    if min_count is not None:
        new['min_count'] = min_count
    config.engine.label = dict(config.engine.get('label') or {}, vocabulary=new)


def imported(config: Config) -> List[str]:
    """Modules that ``custom_imports`` of the config has imported: those with the parts of a project."""
    names = (config.get('custom_imports') or {}).get('imports') or []
    return [name for name in ([names] if isinstance(names, str) else names) if name in sys.modules]


def build_executor(name: str, num_workers: Optional[int], settings: Optional[dict], imports: List[str]) -> Any:
    """Build the executor that the command line names, with the settings that the config has for it.

    Args:
        name: Of the executor.
        num_workers: From the command line, None for its default.
        settings: ``engine.executors``, {name: settings}.
        imports: Modules that the config imports; workers import them, too.

    Raises:
        UserError: There is no such executor, or its settings are wrong.
    """
    from mmrice.data_engine.parts import build_part
    known = {executor: {'type': kind} for executor, kind in EXECUTORS.items()}
    for executor, own in (settings or {}).items():
        known[executor] = {**known.get(executor, {}), **own}
    if name not in known:
        raise UserError(f'--executor: unknown executor {name!r}. Expected {" or ".join(known)}, or one that the config '
                        f"adds: engine.executors.{name}=dict(type='...').")
    given = {} if num_workers is None else {'num_workers': num_workers}
    given.update({'imports': imports} if imports else {})
    return build_part({**known[name], **given}, f'executors.{name}')


def main() -> None:
    args = parse_args()
    config = load_config(args.config, args.cfg_options)
    if args.build_vocab:
        use_built_vocabulary(config, args.min_count)
    elif args.min_count is not None:
        raise UserError('--min-count counts the regions of a word: it needs --build-vocab.')
    try:
        from mmrice.data_engine.build import Build
    except ModuleNotFoundError as error:
        raise UserError(f'the data engine needs {error.name}, which is not installed. '
                        f'{install_hint(error.name)}') from error
    out = args.out or config.get('out_dir')
    if not out:
        raise UserError(f'{args.config}: has no out_dir. Set it there, or give --out DIR.')
    engine = config.engine.to_dict()
    executors = engine.pop('executors', None)
    with build_executor(args.executor, args.num_workers, executors, imported(config)) as executor:
        build = Build(engine, Path(out), executor)
        print(build.run(parse_stages(args.stages, build.stages)))


if __name__ == '__main__':
    run_cli(main)
