# Whole images with labels for image-level cluster discrimination (MLCD), from the same images as mini.py.
# MLCD: CLIP ViT-L/14 features, one million clusters, the 8 nearest of each image are its labels. Here: a handcrafted
# descriptor that groups by look, 64 clusters, the 4 nearest.
_base_ = ['mini.py']
out_dir = 'data/mini/images'
engine = dict(
    propose=dict(_delete_=True, type='mmrice.WholeImageProposer'),
    ocr=None,
    cluster=dict(num_clusters=64),
    label=dict(_delete_=True, top_k=4))
