#!/usr/bin/env python
"""Write a RICEViT as a directory that Hugging Face's MLCDVisionModel.from_pretrained opens.

CHECKPOINT is a pretraining checkpoint (neck and head are left out), bare weights, or anything else that
rice_to_mmrice.py reads. transformers is not needed.

Example:
    python tools/model_converters/mmrice_to_hf.py work_dirs/rice_vit-tiny_mini/latest.pth work_dirs/rice_vit-tiny_hf
"""
import argparse
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='weights to write')
    parser.add_argument('out_dir', metavar='OUT_DIR', type=Path, help='directory to make')
    parser.add_argument('--image-size', type=int, metavar='N',
                        help="pixels a side for the preprocessor (default: the checkpoint's if known, else 224)")
    parser.add_argument('--dtype', choices=['float32', 'float16', 'bfloat16'], help='convert the weights (default: no)')
    parser.add_argument('--prefix', help='what the keys of the backbone begin with (default: found)')
    parser.add_argument('--force', action='store_true', help='replace the model in a directory that is not empty')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Write the directory and say what is in it."""
    args = parse_args()
    from mmrice.engine.weights import load_backbone, summary, write_hugging_face
    backbone = load_backbone(args.checkpoint, args.prefix)
    preprocessor = write_hugging_face(backbone, args.out_dir, args.image_size, args.dtype, args.force)
    print(summary(backbone))
    known = backbone.preprocess or {}
    origin = 'from the source' if 'mean' in known else "CLIP's: the source names none"
    mean, std = (' '.join(f'{value:.4f}' for value in preprocessor[f'image_{name}']) for name in ('mean', 'std'))
    print(f'images      {preprocessor["crop_size"]["height"]} px, mean {mean}, std {std} ({origin})')
    if known.get('order') == 'BGR':
        print('channels    the checkpoint takes BGR images; the patch embedding was turned round to take RGB')
    if backbone.config.get('window_size'):
        print('attention   the checkpoint was trained with windows; MLCDVisionModel attends globally in all layers')
    print(f'model: {args.out_dir}')


if __name__ == '__main__':
    run_cli(main)
