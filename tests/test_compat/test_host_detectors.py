"""mmdet's detectors, from mmdet's own configs with narrow backbones, on ops that nobody compiled."""
import pytest
import torch

import mmrice  # noqa: F401

pytest.importorskip('mmdet')

SIZE = 128
CLASSES = 80
CONFIGS = {
    'mask_rcnn': 'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
    'mask_rcnn_dcn': 'mmdet::dcn/mask-rcnn_r50-dconv-c3-c5_fpn_1x_coco.py',
    'cascade_rcnn': 'mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py',
    'retinanet': 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
    'fcos': 'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
    'mask2former': 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
}


def tiny(name):
    """mmdet's model config with a small ResNet of an eighth of the width, random weights and few candidates."""
    from mmengine.config import Config
    model = Config.fromstring(f"_base_ = '{CONFIGS[name]}'", '.py').model
    deformable = 'dcn' in model.backbone  # which mmdet has only in the bottlenecks of the deeper networks
    model.backbone.update(depth=50 if deformable else 18, base_channels=8, stem_channels=8, init_cfg=None,
                          frozen_stages=-1, norm_eval=False)
    channels = [32, 64, 128, 256] if deformable else [8, 16, 32, 64]
    if 'neck' in model:
        model.neck.update(in_channels=channels, out_channels=256)
    if model.type == 'Mask2Former':
        head = model.panoptic_head
        head.update(in_channels=channels, feat_channels=64, out_channels=64, num_queries=20)
        head.pixel_decoder.num_outs = 3
        narrow(head, 256, 64)
        narrow(head, 128, 32)  # half of the position encoding
        head.pixel_decoder.encoder.num_layers = 1
        head.transformer_decoder.num_layers = 2
        model.train_cfg.num_points = 128
        model.test_cfg.max_per_image = 10
    if 'rpn_proposal' in model.get('train_cfg', {}):
        model.train_cfg.rpn_proposal.update(nms_pre=200, max_per_img=100)
        model.test_cfg.rpn.update(nms_pre=200, max_per_img=50)
        model.test_cfg.rcnn.max_per_img = 20
        stages = model.train_cfg.rcnn if isinstance(model.train_cfg.rcnn, list) else [model.train_cfg.rcnn]
        for stage in stages:
            stage.sampler.num = 32
    return model


def narrow(cfg, old, new):
    """Replace a width wherever it stands in a nested config."""
    for key, value in cfg.items():
        if isinstance(value, dict):
            narrow(value, old, new)
        elif value == old:
            cfg[key] = new
        elif key == 'feedforward_channels':
            cfg[key] = 2 * new


def batch(with_masks, count=2):
    """Images of noise with two boxes, and masks that fill them."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData, PixelData
    samples = []
    for number in range(count):
        boxes = torch.tensor([[8., 10., 70., 60.], [50., 40., 120., 118.]]) + number
        sample = DetDataSample(metainfo=dict(img_shape=(SIZE, SIZE), ori_shape=(SIZE, SIZE), pad_shape=(SIZE, SIZE),
                                             batch_input_shape=(SIZE, SIZE), scale_factor=(1.0, 1.0)))
        sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([3, 7]))
        if with_masks:
            masks = torch.zeros(2, SIZE, SIZE, dtype=torch.uint8)
            for mask, (x1, y1, x2, y2) in zip(masks, boxes.int().tolist()):
                mask[y1:y2, x1:x2] = 1
            sample.gt_instances.masks = BitmapMasks(masks.numpy(), SIZE, SIZE)
            sample.gt_sem_seg = PixelData(sem_seg=torch.full((1, SIZE, SIZE), 255))
        samples.append(sample)
    generator = torch.Generator().manual_seed(0)
    return dict(inputs=[torch.randint(0, 255, (3, SIZE, SIZE), generator=generator).byte() for _ in range(count)],
                data_samples=samples)


@pytest.mark.parametrize('name', list(CONFIGS))
def test_detector_trains_a_step_and_predicts(name):
    from mmdet.registry import MODELS
    from mmengine.registry import DefaultScope
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(tiny(name))
        model.init_weights()
        with_masks = 'mask' in name
        model.train()
        data = model.data_preprocessor(batch(with_masks), True)
        loss, log = model.parse_losses(model(**data, mode='loss'))
        loss.backward()
        assert torch.isfinite(loss) and loss > 0, log
        grads = {key: value.grad for key, value in model.named_parameters() if value.requires_grad}
        silent = [key for key, grad in grads.items() if grad is None or not torch.isfinite(grad).all()]
        assert not silent
        assert sum(grad.abs().sum() for key, grad in grads.items() if key.startswith('backbone.')) > 0

        model.eval()
        with torch.no_grad():
            results = model(**model.data_preprocessor(batch(with_masks), False), mode='predict')
    assert len(results) == 2
    for result in results:
        found = result.pred_instances
        assert found.bboxes.shape == (len(found.scores), 4) and torch.isfinite(found.bboxes).all()
        assert ((found.labels >= 0) & (found.labels < CLASSES)).all()
        if with_masks:
            assert found.masks.shape == (len(found.scores), SIZE, SIZE)


def test_detectors_find_something_when_the_score_threshold_is_zero():
    from mmdet.registry import MODELS
    from mmengine.registry import DefaultScope
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        cfg = tiny('mask_rcnn')
        cfg.test_cfg.rcnn.score_thr = 0.0
        model = MODELS.build(cfg).eval()
        with torch.no_grad():
            results = model(**model.data_preprocessor(batch(True), False), mode='predict')
    assert all(len(result.pred_instances) == 20 for result in results)
