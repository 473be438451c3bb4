"""Run a config of any size on a CPU: one step and one evaluation, made small by ``--cfg-options`` alone."""
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from mmengine.runner import Runner

ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64)


def _pipelines(value: Any, prefix: str) -> Iterator[Tuple[str, list]]:
    """Yield the option name and content of every pipeline below a value."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key == 'pipeline':
                yield f'{prefix}.{key}', child
            else:
                yield from _pipelines(child, f'{prefix}.{key}')
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _pipelines(child, f'{prefix}.{place}')


def loader_options(cfg: Any, side: int) -> Dict[str, Any]:
    """Options that make the loaders small.

    Args:
        cfg: The config.
        side: Every size in a pipeline becomes this, px.

    Returns:
        dict: Option name -> value.
    """
    options: Dict[str, Any] = {}
    loaders = {f'{split}_dataloader': cfg.get(f'{split}_dataloader') for split in ('train', 'val', 'test')}
    loaders['model.prototype'] = cfg.model.get('prototype')
    for loader, content in loaders.items():
        if content is None:
            continue
        options.update({f'{loader}.num_workers': 0, f'{loader}.persistent_workers': False,
                        f'{loader}.batch_size': 2 if loader.startswith('train') else 1})
        for name, steps in _pipelines(content.to_dict(), loader):
            for place, step in enumerate(steps):
                for key in ('scale', 'size', 'crop_size'):
                    if isinstance(step.get(key), (tuple, list)):
                        options[f'{name}.{place}.{key}'] = (side, side)
                    elif isinstance(step.get(key), int):
                        options[f'{name}.{place}.{key}'] = side
    return options


def encoder_options(encoder: Any, place: str) -> Dict[str, Any]:
    """Options that make an encoder small and random.

    Args:
        encoder: Its config: RICEViT, a ViT of MMPretrain, or HuggingFaceViT.
        place: Where it is, such as 'model.backbone'.

    Returns:
        dict: Option name -> value.
    """
    options: Dict[str, Any] = {f'{place}.init_cfg': None}
    if encoder.type != 'mmrice.HuggingFaceViT':
        return {**options, f'{place}.arch': dict(_delete_=True, **ARCH)}
    numbers = dict(hidden_size=ARCH['embed_dims'], num_hidden_layers=ARCH['num_layers'],
                   num_attention_heads=ARCH['num_heads'], intermediate_size=ARCH['feedforward_channels'])
    return {**options, **{f'{place}.config.{name}': value for name, value in numbers.items() if name in encoder.config}}


def segmentor_options(cfg: Any, side: int) -> Dict[str, Any]:
    """Options that make the heads and windows of a segmentor of MMSegmentation small; its taps are the first layers.

    Args:
        cfg: The config.
        side: Size of crops and windows, px.

    Returns:
        dict: Option name -> value.
    """
    width = ARCH['embed_dims']
    options: Dict[str, Any] = {'model.data_preprocessor.size': (side, side), 'model.test_cfg.crop_size': (side, side),
                               'model.test_cfg.stride': (side * 2 // 3, ) * 2}
    for head in ('decode_head', 'auxiliary_head'):
        if cfg.model.get(head):
            several = isinstance(cfg.model[head].in_channels, (list, tuple))
            options[f'model.{head}.in_channels'] = [width] * len(cfg.model[head].in_channels) if several else width
            if 'channels' in cfg.model[head]:
                options[f'model.{head}.channels'] = width
    taps = cfg.model.backbone.get('out_indices')
    if taps:
        options.update({'model.backbone.out_indices': list(range(len(taps))), 'model.neck.embed_dim': width,
                        'model.backbone.arch': dict(_delete_=True, **{**ARCH, 'num_layers': len(taps)})})
    return options


def mask2former_options(side: int) -> Dict[str, Any]:
    """Options that make Mask2Former small: one layer of each transformer, few queries and points.

    Args:
        side: Size that batches are padded to, px.

    Returns:
        dict: Option name -> value.
    """
    return {'model.data_preprocessor.batch_augments.0.size': (side, side), 'model.panoptic_head.num_queries': 20,
            'model.panoptic_head.pixel_decoder.encoder.num_layers': 1, 'model.train_cfg.num_points': 256,
            'model.panoptic_head.transformer_decoder.num_layers': 1, 'val_evaluator.0.nproc': 1}


def referring_options() -> Dict[str, Any]:
    """Options that make the text encoder and the head of referring segmentation small, and the text encoder random.

    Returns:
        dict: Option name -> value.
    """
    width, head = ARCH['embed_dims'], 'model.mask_head'
    return {'model.neck.out_channels': width, 'model.text_encoder.init_cfg': None,
            'model.text_encoder.arch': dict(_delete_=True, **ARCH), f'{head}.in_channels': width,
            f'{head}.text_dims': width, f'{head}.num_layers': 1, f'{head}.num_heads': 2, f'{head}.ffn_dims': 64}


def region_text_options(cfg: Any, side: int) -> Dict[str, Any]:
    """Options that make the parts of an encoder with texts small.

    Args:
        cfg: The config, of CLOC or of a model that tests one.
        side: Side of boxes that are cut out, px.

    Returns:
        dict: Option name -> value.
    """
    width, dims = ARCH['embed_dims'], 16
    options: Dict[str, Any] = {'model.text_encoder.arch': dict(_delete_=True, **ARCH),
                               'model.text_encoder.out_dims': dims}
    for neck in ('neck', 'image_neck', 'pixel_neck'):
        if cfg.model.get(neck):
            options.update({f'model.{neck}.in_channels': width, f'model.{neck}.out_channels': dims})
    if 'crop_size' in cfg.model:
        options['model.crop_size'] = side
    if 'crop_size' in cfg.model.get('test_cfg', {}):
        options.update({'model.test_cfg.crop_size': (side, side), 'model.test_cfg.stride': (side // 2, side // 2)})
    return options


def cost_aggregation_options(cfg: Any, side: int) -> Dict[str, Any]:
    """Options that make open-vocabulary segmentation by a head small; its parts are random, taps are the first layers.

    Args:
        cfg: The config.
        side: Size of crops, px.

    Returns:
        dict: Option name -> value.
    """
    width, head, encoder = ARCH['embed_dims'], 'model.decode_head', 'model.backbone.backbone'
    taps = list(range(len(cfg.model.backbone.backbone.out_indices)))
    options: Dict[str, Any] = {
        'model.init_cfg': None, f'{head}.in_channels': 16, f'{head}.guide_channels': [width] * (len(taps) - 1),
        f'{head}.up_dims': [8, 4], f'{head}.embed_dims': 16, f'{head}.num_layers': 1, f'{head}.guide_dims': 8,
        f'{encoder}.out_indices': taps, f'{encoder}.arch': dict(_delete_=True, **{**ARCH, 'num_layers': len(taps)})}
    if 'size' in cfg.model.data_preprocessor:
        options['model.data_preprocessor.size'] = (side, side)
    return options


def small_options(cfg: Any, side: int) -> Dict[str, Any]:
    """All options that a config needs to run in a second or two, its length left out.

    Args:
        cfg: The config.
        side: Image size, px.

    Returns:
        dict: Option name -> value.
    """
    small = loader_options(cfg, side)
    inner = cfg.model.backbone.get('backbone')
    small.update(encoder_options(inner or cfg.model.backbone, f'model.backbone{".backbone" if inner else ""}'))
    if cfg.model.get('text_encoder', {}).get('out_dims'):
        small.update(region_text_options(cfg, side))
    elif cfg.default_scope == 'mmseg':
        small.update(segmentor_options(cfg, side))
    elif cfg.default_scope == 'mmdet':
        small['model.neck.in_channels'] = ARCH['embed_dims']
    elif cfg.model.get('head'):
        small.update({'model.neck.input_features': ARCH['embed_dims'], 'model.head.in_channels': ARCH['embed_dims']})
    if cfg.model.type == 'Mask2Former':
        small.update(mask2former_options(side))
    if cfg.model.type == 'mmrice.OpenVocabularySegmentor':
        small.update(cost_aggregation_options(cfg, side))
    if cfg.model.type == 'mmrice.ReferringSegmentor':
        small.update(referring_options())
    if cfg.model.backbone.get('global_attn_indexes'):
        small['model.backbone.global_attn_indexes'] = [1]
    return small


def run_once(config: Path, work_dir: Path, side: int = 96, **options: Any) -> Runner:
    """Train for one iteration and evaluate.

    Args:
        config: File; its data lies where it says, below the current folder.
        work_dir: Folder of logs.
        side: Image size, px.
        **options: More options, with '__' for '.'.

    Returns:
        Runner: After training and evaluation; its ``message_hub`` has the losses and metrics.
    """
    from mmrice.apis.config import load_config

    from .runs import train
    cfg = load_config(str(config), {})
    length = 'max_epochs' if 'max_epochs' in cfg.train_cfg else 'max_iters'
    small = {**small_options(cfg, side), f'train_cfg.{length}': 1, 'train_cfg.val_interval': 1}
    small.update({key.replace('__', '.'): value for key, value in options.items()})
    return train(config, work_dir, **{key.replace('.', '__'): value for key, value in small.items()})


def test_once(config: Path, work_dir: Path, checkpoint: str, side: int = 96, **options: Any) -> Dict[str, float]:
    """Evaluate a checkpoint.

    Args:
        config: As for :func:`run_once`.
        work_dir: Folder of logs.
        checkpoint: As of ``tools/test.py``; its encoder has ``ARCH``.
        side: Image size, px.
        **options: More options, with '__' for '.'.

    Returns:
        dict: Metrics.
    """
    from mmrice.apis.config import load_config

    from .runs import test
    small = small_options(load_config(str(config), {}), side)
    small.update({key.replace('__', '.'): value for key, value in options.items()})
    return test(config, work_dir, checkpoint, **{key.replace('.', '__'): value for key, value in small.items()})


test_once.__test__ = False  # pytest would take it for a test


def scalars(runner: Runner, prefix: str) -> Dict[str, float]:
    """Losses ('train/') or metrics ('val/') of a run."""
    return {key: value.current() for key, value in runner.message_hub.log_scalars.items() if key.startswith(prefix)}
