# Retrieval of phrases by regions, and of regions by phrases, on 80 new compositions.
_base_ = ['../../../configs/quick/region-text_cloc-vit-tiny_mini-scenes.py']
model = dict(crop_size=192, grounds=False)
test_dataloader = dict(
    dataset=dict(
        data_root='data/cloc_table/scenes/', ann_file='text/train.jsonl', data_prefix=dict(img='train/'), indices=-80))
test_evaluator = [dict(type='mmrice.RegionTextRetrieval')]
