from mmrice.data_engine.summary import describe, parts, shard_list, totals
from mmrice.data_engine.workspace import Stamp


def stamp(**counts):
    return Stamp('c', [], {}, counts)


STAMPS = [stamp(images=1000, rejects=2, **{'rejects[truncated]': 2}),
          stamp(images=500, rejects=3, **{'rejects[truncated]': 1, 'rejects[animated]': 2})]


def test_counts_are_summed_with_their_parts_apart():
    assert totals(STAMPS) == {'images': 1500, 'rejects': 5}
    assert parts(STAMPS, 'rejects') == {'animated': 2, 'truncated': 3} and parts(STAMPS, 'images') == {}
    assert describe(STAMPS) == 'images 1,500  rejects 5 (2 animated, 3 truncated)'


def test_a_reader_finds_how_many_images_of_a_shard_have_which_kinds_of_regions():
    labels = [stamp(object=9, ocr=2, **{'images[object+ocr]': 2, 'images[object]': 5, 'images[ocr]': 0}),
              stamp(object=0, ocr=0, **{'images[ocr+object]': 1})]
    assert shard_list(STAMPS, labels) == [
        {'name': '000000', 'images': 1000, 'kinds': {'object': 5, 'object+ocr': 2}},
        {'name': '000001', 'images': 500, 'kinds': {'object+ocr': 1}}]
    assert describe(labels) == 'object 9  ocr 2'
