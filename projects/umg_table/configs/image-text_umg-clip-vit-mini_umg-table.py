# Retrieval of captions by images, and of images by captions, on 80 new compositions.
_base_ = ['region-text_umg-clip-vit-mini_umg-table.py']
model = dict(neck=None)
test_evaluator = [dict(type='mmrice.ImageTextRetrieval')]
