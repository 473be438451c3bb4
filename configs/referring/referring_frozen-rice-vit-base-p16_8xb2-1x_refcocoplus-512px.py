# Referring segmentation on RefCOCO+ (expressions without places) with a frozen RICE ViT-B/16, as on RefCOCO.
# Expected: no number is published for this probe, and we have run it at reduced size only. The RICE paper's referring
# numbers (Table 2) are of an MLLM with SAM (LISA's protocol): not comparable.
_base_ = 'referring_frozen-rice-vit-base-p16_8xb2-1x_refcoco-512px.py'
refs = dict(ann_file='refcoco+/instances.json', split_file='refcoco+/refs(unc).p')
train_dataloader = dict(dataset=refs)
val_dataloader = dict(dataset=refs)
test_dataloader = dict(dataset=refs)
