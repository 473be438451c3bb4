"""Regions with words and captions, from shards to tokens."""
import pickle

import numpy as np
import pytest
import torch

from mmrice.datasets.collate import region_collate
from mmrice.datasets.region_shard_dataset import RegionShardDataset
from mmrice.datasets.shard_format import regions_path, write_meta, write_regions
from mmrice.datasets.transforms import SampleRegionTexts, TokenizeTexts
from mmrice.models.text import text_lengths
from mmrice.structures import KINDS
from mmrice.utils import UserError
from mmrice.utils.tokenizers import load_clip_tokenizer

WHOLE = (0, 0, 24, 16)
PIPELINE = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RegionLetterbox', scale=(32, 32)),
    dict(type='mmrice.SampleRegionTexts', num_regions=2),
    dict(type='mmrice.TokenizeTexts'),
    dict(type='mmrice.PackRegionInputs', meta_keys=('key', 'text_tokens', 'caption_tokens')),
]


def row(key, kind, text='', box=(0, 0, 12, 8), labels=()):
    return dict(key=key, box=list(box), kind=kind, score=1., labels=list(labels), text=text)


@pytest.fixture
def shards(make_shards):
    """Image 0 has two captions and three phrases beside an object, image 1 a caption alone, image 2 a phrase alone."""
    root = make_shards(3)
    write_regions(regions_path(root / '000000.tar'), [
        row('0000', 'caption', 'a pet and a coin', WHOLE), row('0000', 'caption', 'two things', WHOLE),
        row('0000', 'object', labels=[1]), row('0000', 'text', 'a dog', (0, 0, 12, 16)),
        row('0000', 'text', 'a cat'), row('0000', 'text', 'a coin', (12, 8, 24, 16)),
        row('0001', 'caption', 'nothing', WHOLE), row('0002', 'text', 'a jeep')])
    kinds = {'object+text+caption': 1, 'caption': 1, 'text': 1}
    write_meta(root, dict(schema_version=1, num_shards=1, num_images=3, num_regions={}, made_by={},
                          num_classes=dict(object=3, ocr=6), shards=[dict(name='000000', images=3, kinds=kinds)]))
    return root


def test_samples_have_the_texts_of_their_regions(shards):
    dataset = RegionShardDataset(shards, kinds=['text', 'caption'])
    infos = [dataset.get_data_info(place) for place in range(3)]
    assert [info['gt_texts'].tolist() for info in infos] == [
        ['a pet and a coin', 'two things', 'a dog', 'a cat', 'a coin'], ['nothing'], ['a jeep']]
    assert [[KINDS[kind] for kind in info['gt_kinds']] for info in infos[1:]] == [['caption'], ['text']]
    assert infos[0]['gt_region_labels'].shape == (5, 0)
    assert 'gt_texts' not in RegionShardDataset(shards).get_data_info(0)


def test_a_word_follows_its_box_and_a_caption_is_drawn_for_the_image(shards):
    dataset = RegionShardDataset(shards, PIPELINE[:3], kinds=['text', 'caption', 'object'])
    boxes = {'a dog': [0, 5, 16, 26], 'a cat': [0, 5, 16, 15.5], 'a coin': [16, 15.5, 32, 26]}
    drawn, captions = set(), set()
    for _ in range(40):
        sample = dataset.prepare_data(0)
        texts = [text for text in sample['gt_texts'] if text]
        assert len(texts) == 2 and sample['gt_kinds'].tolist() == [0, 3, 3]  # the object stays
        for text, box in zip(sample['gt_texts'][1:], sample['gt_bboxes'][1:]):
            np.testing.assert_allclose(box, boxes[text], atol=0.01)
        drawn.add(frozenset(texts))
        captions.add(sample['caption'])
    assert len(drawn) == 3 and captions == {'a pet and a coin', 'two things'}
    assert dataset.prepare_data(1)['caption'] == 'nothing' and len(dataset.prepare_data(1)['gt_bboxes']) == 0
    assert dataset.prepare_data(2)['caption'] == ''


def test_an_image_without_words_is_skipped_with_a_reason():
    results = dict(gt_texts=np.array([], dtype=object), gt_kinds=np.array([], dtype=np.int64))
    assert SampleRegionTexts()(results) is None and 'neither a caption' in results['skip_reason']
    clustered = dict(gt_texts=np.array([''], dtype=object), gt_kinds=np.array([0]))
    assert SampleRegionTexts()(clustered)['caption'] == ''  # of use to other terms
    with pytest.raises(UserError, match='has no gt_texts. Set kinds='):
        SampleRegionTexts()(dict(gt_kinds=np.array([0])))


def test_tokens_are_those_of_clip_and_long_texts_keep_their_end():
    texts = ['a black dog', 'two geese in front of gravel', 'word ' * 90]
    results = dict(
        gt_texts=np.array(['', *texts], dtype=object), gt_kinds=np.array([0, 3, 3, 3]), caption='One goose.')
    found = torch.from_numpy(TokenizeTexts()(results)['text_tokens']).long()
    expected = load_clip_tokenizer()(texts)
    assert found.shape == (3, 77) and torch.equal(found, expected)
    caption = results['caption_tokens'].tolist()
    assert caption == load_clip_tokenizer()(['One goose.'])[0, :len(caption)].tolist()
    short = torch.from_numpy(TokenizeTexts(num_tokens=5)(results)['text_tokens']).long()
    assert short.shape == (3, 5) and text_lengths(short, 49_407).tolist() == [5, 5, 5]
    assert torch.equal(short[:, :4], expected[:, :4])


def test_tokens_of_a_hugging_face_tokenizer_have_its_special_tokens_and_padding(tmp_path):
    transformers = pytest.importorskip('transformers')
    (tmp_path / 'vocab.txt').write_text('\n'.join(['[UNK]', '[PAD]', '[CLS]', '[SEP]', 'a', 'dog', 'two', 'cats']))
    transformers.BertTokenizerFast(str(tmp_path / 'vocab.txt')).save_pretrained(tmp_path)
    results = dict(gt_texts=np.array(['A dog', 'cats'], dtype=object), gt_kinds=np.array([3, 3]), caption='two cats')
    results = TokenizeTexts(hf_tokenizer=str(tmp_path))(results)
    assert results['text_tokens'].tolist() == [[2, 4, 5, 3], [2, 7, 3, 1]]
    assert results['caption_tokens'].tolist() == [2, 6, 7, 3]
    with pytest.raises(UserError, match='vocab_path or hf_tokenizer, not both'):
        TokenizeTexts(vocab_path='a', hf_tokenizer=str(tmp_path))


def test_a_batch_carries_tokens_of_images_with_and_without_words(shards):
    dataset = RegionShardDataset(shards, PIPELINE, kinds=['text', 'caption'])
    batch = region_collate([dataset.prepare_data(place) for place in range(3)])
    samples = pickle.loads(pickle.dumps(batch['data_samples']))
    assert [len(sample.text_tokens) for sample in samples] == [2, 0, 1]
    assert [len(sample.gt_regions.bboxes) for sample in samples] == [2, 0, 1]
    assert [len(sample.caption_tokens) > 0 for sample in samples] == [True, True, False]


@pytest.mark.parametrize(('kind', 'text', 'message'), [
    ('text', '', "text '' is empty: text and caption regions need a text"),
    ('caption', '', "text '' is empty: text and caption regions need a text"),
    ('object', 'a dog', 'labels .* is empty: regions other than texts and captions need a label'),
])
def test_a_region_without_what_its_kind_needs_is_an_error(tmp_path, kind, text, message):
    with pytest.raises(UserError, match=message):
        write_regions(tmp_path / 'a.regions.parquet', [row('a', kind, text)])
