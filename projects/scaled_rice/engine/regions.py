# Regions of the pretraining scenes for RICE: no label is used. Handcrafted features that group by look, k-means;
# RapidOCR reads words at the scenes' full size. No mini photos: what unseen cut-outs were cut from would be among them.
_base_ = ['../../../configs/data_engine/mini.py', '../configs/_base_/budgets/{{$SCALED_RICE:cpu}}.py']
out_dir = _base_.root + 'regions'
engine = dict(
    ingest=dict(
        sources=dict(_delete_=True, scenes=_base_.root + 'pretraining/scenes/train'),
        exclude=[],
        images_per_shard=64,
        min_edge=96,
        hint='python projects/scaled_rice/run.py'),
    propose=dict(work_edge=128, scales=(50, 100), min_edge=_base_.scenes['side'] // 10, max_regions=12),
    ocr=dict(det_edge=320),
    cluster=dict(num_clusters=_base_.num_classes['object']))
