#!/usr/bin/env python
"""Count FLOPs and parameters of the model of a config of MMPretrain, MMDetection or MMSegmentation, attention included.

No checkpoint and no data are needed: weights are random, the image is blank.

Example:
    python tools/analysis_tools/get_flops.py configs/quick/faster-rcnn_rice-vit-tiny_mini-trees.py --depth 2
"""
import argparse
import warnings
from pathlib import Path

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import UserError, run_cli

COLUMNS = {'module': 'module', 'parameters': 'parameters', 'gflops': 'GFLOPs', 'share': 'share, %'}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmengine.config import DictAction
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help="config file, or as in 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'")
    parser.add_argument('--shape', type=int, nargs=2, metavar=('H', 'W'),
                        help='height and width of the image in pixels (default: as the config tests)')
    parser.add_argument('--batch-size', type=int, default=1, metavar='N', help='images (default: 1)')
    parser.add_argument('--depth', type=int, default=2, metavar='N', help='levels of the module table (default: 2)')
    parser.add_argument('--json', type=Path, metavar='PATH', help='write the table as JSON, too')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE',
                        help='change the config, as in model.backbone.arch=base')
    parser.add_argument('--debug', action='store_true', help='show tracebacks')
    args = parser.parse_args()
    for name, value, least in (('--shape', min(args.shape or [1]), 1), ('--batch-size', args.batch_size, 1),
                               ('--depth', args.depth, 0)):
        if value < least:
            raise UserError(f'{name}: expected {least} or more, found {value}.')
    return args


def main() -> None:
    """Count, print and write."""
    args = parse_args()
    from mmrice.apis.config import load_config
    from mmrice.apis.flops import config_file, report_flops
    from mmrice.apis.quiet import quiet_warnings
    from mmrice.utils.bench_json import print_table, write_bench_json
    from mmrice.utils.flops import CONVENTION

    quiet_warnings()
    warnings.filterwarnings('ignore', message='torch.meshgrid')  # in many heads of MMDetection
    cfg = load_config(config_file(args.config), args.cfg_options)
    if cfg.get('model') is None:
        raise UserError(f'{args.config}: has no model, so there is nothing to count.')
    report = report_flops(cfg, tuple(args.shape) if args.shape else None, args.batch_size, args.depth)

    print('\n'.join([CONVENTION, *report.notes, '']))
    print_table([{**row, 'module': '  ' * row['depth'] + row['module']} for row in report.rows], COLUMNS)
    whole = report.rows[0]
    shares = {kind: flops / max(1, whole['flops']) for kind, flops in report.count.by_kind.items()}
    parts = ', '.join(f'{kind} {100 * share:.1f} %' for kind, share in sorted(shares.items()))
    print(f'\ntotal: {whole["gflops"]:.4g} GFLOPs = {whole["gflops"] / 2:.4g} GMACs (which MMEngine and MMDetection '
          f'call FLOPs): {parts}; {whole["parameters"] / 1e6:.4g} M parameters')
    if args.json:
        ratios = {f'{kind}_share': share for kind, share in shares.items()}
        write_bench_json(args.json, ratios, report.rows, env=dict(convention=CONVENTION, notes=report.notes))
        print(f'results: {args.json}')


if __name__ == '__main__':
    run_cli(main)
