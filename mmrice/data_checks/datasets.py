"""The datasets of the configs: where they lie, what they hold, and where users get them. Nothing is downloaded."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Union

from mmrice.utils import UserError

from .expectations import Coco, Files, Names, Pairs, Refs, Row

Counts = Dict[str, Optional[int]]
_IMAGES = 'images.cocodataset.org, zips: train2017.zip and val2017.zip'
_ADE = ('data.csail.mit.edu, the scene parsing challenge: ADEChallengeData2016.zip; data/ade/ADEChallengeData2016 and '
        'data/ADEChallengeData2016 may be links to one folder')
_ADE_PANOPTIC = ('python .venv/lib/python3*/site-packages/mmdet/.mim/tools/dataset_converters/ade20k2coco.py '
                 'data/ADEChallengeData2016 --task panoptic (MMDetection; it needs annotations_instance.tar of '
                 'sceneparsing.csail.mit.edu, and panopticapi)')
_CITIES = 'cityscapes-dataset.com, after login: leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip'
_TRAIN_IDS = 'python .../mmseg/.mim/tools/dataset_converters/cityscapes.py data/cityscapes (makes *_labelTrainIds.png)'
_VOC = 'host.robots.ox.ac.uk, VOC2012: VOCtrainval_11-May-2012.tar'
_AUG = ('SBD benchmark.tgz, then MMSegmentation: python .../mmseg/.mim/tools/dataset_converters/voc_aug.py '
        'data/VOCdevkit data/VOCdevkit/VOCaug')
_VOC10 = 'host.robots.ox.ac.uk, VOC2010: VOCtrainval_03-May-2010.tar'
_CONTEXT = ('trainval_merged.json and the package detail of PASCAL Context, then MMSegmentation: python '
            '.../mmseg/.mim/tools/dataset_converters/pascal_context.py data/VOCdevkit trainval_merged.json')
_VOC07 = 'host.robots.ox.ac.uk, VOC2007: VOCtest_06-Nov-2007.tar; VOCdevkit/VOC2007 of it is data/VOC2007'
_STUFF = ('the COCO-Stuff repository (nightrome/cocostuff): stuffthingmaps_trainval2017.zip as annotations, images of '
          'COCO 2017 as images; then MMSegmentation: python .../mmseg/.mim/tools/dataset_converters/coco_stuff164k.py '
          'data/coco_stuff164k (makes *_labelTrainIds.png)')
_INET = 'image-net.org, after login: ILSVRC2012_img_{train,val}.tar; train has a folder a class, meta/val.txt lists val'
_SPLITS = (('train', 'train2017'), ('val', 'val2017'))
_SCENES = (('train', 'training'), ('val', 'validation'))


@dataclass
class Dataset:
    """A dataset: where the configs look for it, its official counts, and what follows from counts."""
    root: str
    counts: Counts
    expect: Callable[[Counts], List[Any]]


def _coco(n: Counts) -> List[Any]:
    fix = 'images.cocodataset.org, annotations: annotations_trainval2017.zip'
    return [item for split, folder in _SPLITS for item in (
        Files(folder, '*.jpg', n[split], _IMAGES),
        Coco(f'annotations/instances_{folder}.json', folder, n[split], n['classes'], fix))]


def _coco_panoptic(n: Counts) -> List[Any]:
    fix = ('images.cocodataset.org, annotations: panoptic_annotations_trainval2017.zip, and the two zips inside it '
           'unpacked beside the json files')
    return [item for split, folder in _SPLITS for item in (
        Files(folder, '*.jpg', n[split], _IMAGES),
        Files(f'annotations/panoptic_{folder}', '*.png', n[split], fix),
        Coco(f'annotations/panoptic_{folder}.json', folder, None, n['classes'], fix, f'annotations/panoptic_{folder}'),
        Coco(f'annotations/instances_{folder}.json', folder, n[split], None,
             'images.cocodataset.org, annotations: annotations_trainval2017.zip'))]


def _lvis(n: Counts) -> List[Any]:
    fix = 'lvisdataset.org: lvis_v1_train.json.zip and lvis_v1_val.json.zip; images are those of COCO 2017 (links do)'
    return [Files(folder, '*.jpg', n[folder], _IMAGES) for _, folder in _SPLITS] + [
        Coco(f'annotations/lvis_v1_{split}.json', '.', n[split], n['classes'], fix, from_url=True)
        for split, _ in _SPLITS]


def _ade(n: Counts) -> List[Any]:
    return [item for split, folder in _SCENES for item in (
        Files(f'images/{folder}', '*.jpg', n[split], _ADE), Files(f'annotations/{folder}', '*.png', n[split], _ADE),
        Pairs(f'images/{folder}', f'annotations/{folder}', '.jpg', '.png', _ADE))]


def _ade_panoptic(n: Counts) -> List[Any]:
    return [item for split, folder in _SCENES for item in (
        Files(f'images/{folder}', '*.jpg', n[split], _ADE),
        Files(f'ade20k_panoptic_{split}', '*.png', n[split], _ADE_PANOPTIC),
        Coco(f'ade20k_panoptic_{split}.json', f'images/{folder}', n[split], n['classes'], _ADE_PANOPTIC,
             f'ade20k_panoptic_{split}', things_first=True))]


def _cityscapes(n: Counts) -> List[Any]:
    return [item for split in ('train', 'val') for item in (
        Files(f'leftImg8bit/{split}', '*_leftImg8bit.png', n[split], _CITIES),
        Files(f'gtFine/{split}', '*_gtFine_labelTrainIds.png', n[split], f'{_CITIES}; then {_TRAIN_IDS}'),
        Pairs(f'leftImg8bit/{split}', f'gtFine/{split}', '_leftImg8bit.png', '_gtFine_labelTrainIds.png', _TRAIN_IDS))]


def _voc(n: Counts) -> List[Any]:
    lists = 'ImageSets/Segmentation'
    return [Files('JPEGImages', '*.jpg', n['images'], _VOC)] + [
        Names(f'{lists}/{split}.txt', n[split], {'JPEGImages': '.jpg', labels: '.png'}, fix) for split, labels, fix in (
            ('train', 'SegmentationClass', _VOC), ('val', 'SegmentationClass', _VOC),
            ('aug', 'SegmentationClassAug', _AUG))]


def _context(n: Counts) -> List[Any]:
    return [Names(f'ImageSets/SegmentationContext/{split}.txt', n[split],
                  {'JPEGImages': '.jpg', 'SegmentationClassContext': '.png'}, f'{_VOC10}; then {_CONTEXT}')
            for split in ('train', 'val')]


def _voc07(n: Counts) -> List[Any]:
    return [Names('ImageSets/Main/test.txt', n['test'], {'JPEGImages': '.jpg', 'Annotations': '.xml'}, _VOC07)]


def _coco_stuff(n: Counts) -> List[Any]:
    return [item for split, folder in _SPLITS for item in (
        Files(f'images/{folder}', '*.jpg', n[split], _IMAGES),
        Files(f'annotations/{folder}', '*_labelTrainIds.png', n[split], _STUFF),
        Pairs(f'images/{folder}', f'annotations/{folder}', '.jpg', '_labelTrainIds.png', _STUFF))]


def _imagenet(n: Counts) -> List[Any]:
    return [Files('train', '*.JPEG', n['train'], _INET), Files('val', '*.JPEG', n['val'], _INET),
            Names('meta/val.txt', n['val'], {'val': ''}, _INET)]


def _refcoco(name: str, split_by: str) -> Callable[[Counts], List[Any]]:
    def expect(n: Counts) -> List[Any]:
        fix = (f'{name}.zip of the "refer" repository of the authors (lichengunc/refer), unpacked here; images: '
               'images.cocodataset.org, zips: train2014.zip')
        return [Files('train2014', '*.jpg', n['train2014'], fix),
                Coco(f'{name}/instances.json', 'train2014', n['images'], n['classes'], fix),
                Refs(f'{name}/refs({split_by}).p', f'{name}/instances.json', n['refs'], fix)]
    return expect


_COCO = dict(train=118_287, val=5_000)
_ADE_COUNTS = dict(train=20_210, val=2_000)
_REF = dict(train2014=82_783, classes=None)
DATASETS: Dict[str, Dataset] = {
    'coco': Dataset('data/coco', dict(_COCO, classes=80), _coco),
    'coco-panoptic': Dataset('data/coco', dict(_COCO, classes=133), _coco_panoptic),
    'lvis': Dataset('data/lvis_v1', dict(train=100_170, val=19_809, train2017=118_287, val2017=5_000, classes=1_203),
                    _lvis),
    'ade20k': Dataset('data/ade/ADEChallengeData2016', _ADE_COUNTS, _ade),
    'ade20k-panoptic': Dataset('data/ADEChallengeData2016', dict(_ADE_COUNTS, classes=150), _ade_panoptic),
    'cityscapes': Dataset('data/cityscapes', dict(train=2_975, val=500), _cityscapes),
    'voc12aug': Dataset('data/VOCdevkit/VOC2012', dict(images=17_125, train=1_464, val=1_449, aug=9_118), _voc),
    'voc07': Dataset('data/VOC2007', dict(test=4_952), _voc07),
    'context': Dataset('data/VOCdevkit/VOC2010', dict(train=4_998, val=5_105), _context),
    'coco-stuff164k': Dataset('data/coco_stuff164k', _COCO, _coco_stuff),
    'imagenet': Dataset('data/imagenet', dict(train=1_281_167, val=50_000), _imagenet),
    'refcoco': Dataset('data/coco', dict(_REF, images=19_994, refs=50_000), _refcoco('refcoco', 'unc')),
    'refcoco+': Dataset('data/coco', dict(_REF, images=19_992, refs=49_856), _refcoco('refcoco+', 'unc')),
    'refcocog': Dataset('data/coco', dict(_REF, images=25_799, refs=49_822), _refcoco('refcocog', 'umd')),
}


def check_dataset(name: str, root: Union[str, Path, None] = None, decode: int = 0,
                  counts: Optional[Counts] = None) -> List[Row]:
    """Check that a dataset is complete where it lies.

    Args:
        name: A key of ``DATASETS``.
        root: Its folder. Defaults to where the configs look.
        decode: How many images of each folder to decode, evenly spread. Defaults to 0.
        counts: Numbers to expect in place of the official ones, for a subset.

    Returns:
        list[Row]: What was looked at; a row without a problem is fine.

    Raises:
        UserError: No such dataset or folder.
    """
    dataset = DATASETS.get(name)
    if dataset is None:
        raise UserError(f'dataset: unknown {name!r}; expected one of {", ".join(DATASETS)}.')
    root = Path(root or dataset.root)
    if not root.is_dir():
        raise UserError(f'{root}: no such folder; the configs look for {name} at {dataset.root} (a link does).')
    return [row for item in dataset.expect({**dataset.counts, **(counts or {})}) for row in item.check(root, decode)]
