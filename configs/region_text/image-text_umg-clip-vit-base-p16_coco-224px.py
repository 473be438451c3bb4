# Retrieval of captions by images and of images by captions on COCO 2017 val with UMG-CLIP's ViT-B/16: recall@1, 5, 10.
# Expected (UMG-CLIP's weights, read in FG-CLIP 2, Table 4; split not stated): recall@1 64.7 and 51.6. Not run by us.
# python tools/test.py configs/region_text/image-text_umg-clip-vit-base-p16_coco-224px.py \
#     work_dirs/umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px/latest.pth
_base_ = ['image-text_cloc-vit-base-p16_coco-224px.py']  # the same parts
