# Boxes for phrases, and retrieval of captions by images, on 80 new compositions.
_base_ = ['region-text_cloc-vit-tiny_cloc-table.py']
model = dict(grounds=True)
test_evaluator = [dict(type='mmrice.ImageTextRetrieval'), dict(type='mmrice.BoxAccuracy')]
