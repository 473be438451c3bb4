#!/usr/bin/env python
"""Convert the weights of a RICE or MLCD vision transformer to mmrice's RICEViT.

SRC is a directory in Hugging Face's format, hf://ORG/NAME[@REVISION], or one file: .safetensors, .bin, .pth, .pt. The
layout of its keys is recognised: Hugging Face's MLCDVisionModel, the authors' code, or mmrice's own.

Example:
    python tools/model_converters/rice_to_mmrice.py hf://DeepGlint-AI/rice-vit-large-patch14-560 weights/rice-large.pth
"""
import argparse
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='SRC', help='weights to convert')
    parser.add_argument('destination', metavar='DST', type=Path, help='file to write: .pth, .pt or .safetensors')
    parser.add_argument('--prefix', help='what the keys of the backbone begin with (default: found)')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Convert and say what was found."""
    args = parse_args()
    if args.destination.suffix not in ('.pth', '.pt', '.safetensors'):
        raise UserError(f'{args.destination}: expected a name ending in .pth, .pt or .safetensors.')
    if args.destination.exists() and Path(args.source).exists() and args.destination.samefile(args.source):
        raise UserError(f'{args.destination}: is SRC. Name another file to write.')
    from mmrice.engine.weights import load_backbone, save_backbone, summary
    backbone = load_backbone(args.source, args.prefix)
    save_backbone(backbone, args.destination)
    print(summary(backbone))
    print(f'weights: {args.destination}')


if __name__ == '__main__':
    run_cli(main)
