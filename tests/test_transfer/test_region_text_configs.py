"""Every config that compares regions and images with texts needs nothing but a checkpoint of CLOC or CLIP."""
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmrice.registry import MODELS
from mmrice.testing.layouts.ade import write_ade
from mmrice.testing.layouts.coco import write_coco, write_lvis
from mmrice.testing.layouts.imagenet import write_imagenet
from mmrice.testing.layouts.refcoco import write_refcoco
from mmrice.testing.layouts.voc import write_voc07
from mmrice.testing.reduced import ARCH, small_options, test_once
from mmrice.utils import UserError
from mmrice.utils.tokenizers import load_clip_tokenizer

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
FOLDER, QUICK = CONFIGS / 'region_text', CONFIGS / 'quick'
NAMES = sorted(path.stem for path in FOLDER.glob('*.py'))
SIDE = 32
RECOGNITION = {'regions/accuracy/top1', 'regions/accuracy/top5', 'regions/mAcc', 'regions/mAcc_top5'}
MEASURED = {'coco': {*RECOGNITION, 'coco_true_boxes/bbox_mAP', 'coco_true_boxes/bbox_mAP_50'},
            'lvis': {*RECOGNITION, 'regions/mAcc_r', 'regions/mAcc_f', 'lvis_true_boxes/bbox_AP'},
            'refcoco': {'grounding/Acc@0.5', 'grounding/mIoU'}, 'in1k': {'accuracy/top1', 'accuracy/top5'},
            'ade20k': {'mIoU', 'mAcc', 'aAcc'},
            'image-tags': {'multi-label/mAP'},
            'image-text': {f'image_retrieval/{way}/Recall@{k}' for way in ('i2t', 't2i') for k in (1, 5, 10)}}


@pytest.fixture(scope='session')
def root(scenes, tmp_path_factory):
    """A folder with the layouts of all data of the configs below data."""
    folder = tmp_path_factory.mktemp('region_text')
    coco = folder / 'data' / 'coco'
    write_coco(scenes, coco)
    write_refcoco(scenes, folder / 'refs')
    for path in (folder / 'refs').iterdir():
        shutil.move(path, coco / path.name)
    write_lvis(scenes, folder / 'data' / 'lvis_v1')
    write_imagenet(folder / 'data' / 'imagenet', dict(train=1, val=2))
    write_voc07(scenes, folder / 'data' / 'VOC2007')
    write_ade(scenes, folder / 'data' / 'ade' / 'ADEChallengeData2016')
    instances = json.loads((coco / 'annotations' / 'instances_val2017.json').read_text())
    images = [dict(image, coco_url=f'http://images.cocodataset.org/val2017/{image["file_name"]}')
              for image in instances['images']]
    captions = [dict(id=10 * image['id'] + number, image_id=image['id'], caption=f'{words} number {image["id"]}')
                for image in images for number, words in enumerate(('a picture', 'a scene'))]
    (coco / 'annotations' / 'captions_val2017.json').write_text(json.dumps(dict(images=images, annotations=captions)))
    (folder / 'data' / 'mini').mkdir()
    (folder / 'data' / 'mini' / 'scenes').symlink_to(scenes)
    return folder


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    """``checkpoint(base)`` is the path of a small CLOC or UMG-CLIP of ``_base_/models``, at random."""
    made = {}

    def write(base):
        if base not in made:
            cfg = Config.fromfile(CONFIGS / '_base_' / 'models' / f'{base}.py')
            cfg.default_scope = 'mmpretrain'
            cfg.merge_from_dict(small_options(cfg, SIDE))
            if base.startswith('umg'):
                cfg.model.tags = dict(names=['dog', 'cat'])
            torch.manual_seed(0)
            with DefaultScope.overwrite_default_scope('mmpretrain'):
                model = MODELS.build(cfg.model)
            made[base] = str(tmp_path_factory.mktemp('cloc') / 'latest.pth')
            torch.save(dict(state_dict=model.state_dict(), meta={}), made[base])
        return made[base]

    return write


@pytest.fixture(scope='session')
def clip(tmp_path_factory):
    """Directory of a small CLIP as transformers saves it, at random."""
    import transformers
    size = dict(hidden_size=ARCH['embed_dims'], num_hidden_layers=ARCH['num_layers'],
                num_attention_heads=ARCH['num_heads'], intermediate_size=ARCH['feedforward_channels'])
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp('clip')
    transformers.CLIPModel(transformers.CLIPConfig(
        text_config=dict(**size, vocab_size=49408, eos_token_id=49407),
        vision_config=dict(**size, image_size=224, patch_size=16), projection_dim=16)).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def measure(root, checkpoint, clip, tmp_path, monkeypatch):
    """``measure(path, **options) -> metrics`` with the checkpoint that the config is for."""

    def run(path, weights=None, **options):
        monkeypatch.chdir(root)
        base = re.search(r'(cloc|umg-clip|clip)-(vit-tiny|vit-base-p16)', path.stem)
        weights = weights or (clip if base[1] == 'clip' else checkpoint(f'{base[1]}_{base[2]}'))
        return test_once(path, tmp_path / 'run', weights, SIDE, **options)

    return run


@pytest.mark.parametrize('name', NAMES)
def test_every_config_takes_the_weights_it_is_for_and_measures_what_it_says(name, measure):
    data = name.split('_')[0] if name.startswith('image-') else name.split('_')[-1].partition('-')[0]
    options = dict(test_dataloader__dataset__split='val') if data == 'refcoco' else {}  # few scenes: none in testA
    metrics = measure(FOLDER / f'{name}.py', **options)
    assert MEASURED[data] <= set(metrics)
    assert all(-1 <= value <= 100 for value in metrics.values())


def test_the_quick_configs_measure_boxes_phrases_captions_grounding_tags_and_pixels(measure):
    found = measure(QUICK / 'region-recognition_cloc-vit-tiny_mini-scenes.py')
    assert MEASURED['coco'] <= set(found)
    found = measure(QUICK / 'region-text_cloc-vit-tiny_mini-scenes.py')
    assert MEASURED['image-text'] | MEASURED['refcoco'] | {'region_retrieval/t2r/Recall@10'} <= set(found)
    assert set(measure(QUICK / 'image-tags_umg-clip-vit-tiny_mini-scenes.py')) == MEASURED['image-tags']
    assert MEASURED['ade20k'] <= set(measure(QUICK / 'text-seg_umg-clip-vit-tiny_mini-scenes.py'))


@torch.no_grad()
def test_images_and_texts_of_clip_are_embedded_as_transformers_does(clip):
    import transformers

    from mmrice.engine import RICEPretrained
    cfg = Config.fromfile(FOLDER / 'zero-shot-cls_clip-vit-base-p16_in1k-224px.py')
    cfg.merge_from_dict(small_options(cfg, SIDE))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model).eval()
    for part in cfg.custom_hooks[1].parts:
        RICEPretrained(clip)(getattr(model, part))
    theirs, images = transformers.CLIPModel.from_pretrained(clip).eval(), torch.randn(2, 3, 224, 224)
    texts = ['a photo of a cat.', 'sky']
    expected = theirs(input_ids=load_clip_tokenizer()(texts), pixel_values=images)
    torch.testing.assert_close(model(images), expected.image_embeds, atol=1e-5, rtol=0)
    torch.testing.assert_close(model.embed_texts(texts), expected.text_embeds, atol=1e-5, rtol=0)


def test_boxes_that_are_all_known_have_all_that_can_be_had(measure, monkeypatch):
    from mmrice.models.region_text.recognizer import RegionRecognizer
    predict = RegionRecognizer.predict

    def told(model, inputs, samples):
        model.labels = torch.cat([sample.gt_instances.labels for sample in samples])
        return predict(model, inputs, samples)

    monkeypatch.setattr(RegionRecognizer, 'predict', told)
    monkeypatch.setattr(RegionRecognizer, 'embed_regions', lambda model, *_: model.class_vectors()[model.labels])
    metrics = measure(QUICK / 'region-recognition_cloc-vit-tiny_mini-scenes.py')
    assert {metrics[name] for name in RECOGNITION} == {100.}
    assert metrics['coco_true_boxes/bbox_mAP'] == metrics['coco_true_boxes/bbox_AR@100'] == 1


def test_a_dataset_without_names_and_a_checkpoint_without_a_part_are_named(measure, checkpoint, tmp_path):
    path = QUICK / 'region-recognition_cloc-vit-tiny_mini-scenes.py'
    with pytest.raises(UserError, match='no classes. Give model.classes'):
        measure(path, custom_hooks=[], model__classes=None)
    state = torch.load(checkpoint('cloc_vit-tiny'), weights_only=True)['state_dict']
    torch.save({key: value for key, value in state.items() if not key.startswith('neck.')}, tmp_path / 'clip.pth')
    with pytest.raises(UserError, match='missing: neck.'):
        measure(path, str(tmp_path / 'clip.pth'))
