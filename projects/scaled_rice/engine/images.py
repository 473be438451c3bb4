# Whole images of the same scenes for MLCD: the four nearest of their clusters.
_base_ = ['regions.py']
out_dir = _base_.root + 'images'
engine = dict(
    propose=dict(_delete_=True, type='mmrice.WholeImageProposer'),
    ocr=None,
    cluster=dict(num_clusters=_base_.num_classes['image']),
    label=dict(_delete_=True, top_k=4))
