import json
import re

import pytest

from mmrice.data_engine.phrases import NLTKTagger, PhraseExtractor, TextBlobTagger
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

nltk = pytest.importorskip('nltk')
pytest.importorskip('textblob')

# In the manner of the mini-scenes' captions.
SCENES = {
    'A black dog, two deck chairs, a bald eagle and a mastiff in front of grass and rock, with the word "CASTLE".':
        ['a black dog', 'deck chairs', 'a bald eagle', 'a mastiff', 'grass', 'rock', 'the word', 'castle'],
    'Two water bottles, a joke book and a cup of coffee in front of sky.':
        ['water bottles', 'a joke book', 'a cup', 'coffee', 'sky'],
    'An armchair, a person and two strawberries in front of brick.':
        ['an armchair', 'a person', 'strawberries', 'brick']}
PHOTOS = {
    'Two young girls in red dresses are standing near the old wooden fence. A red/blue bus is parked!':
        ['young girls', 'red dresses', 'the old wooden fence', 'a red/blue bus'],
    "A close-up photo of the dog's ball, taken in a black and white photo frame.":
        ['the dog', 'ball', 'white photo frame']}


@pytest.mark.parametrize('caption, phrases', [*SCENES.items(), *PHOTOS.items()])
def test_phrases_are_the_things_that_a_caption_names(caption, phrases):
    assert PhraseExtractor()([caption]) == phrases


@pytest.mark.parametrize('caption', ['A picture of the background.', 'In front of this, on the left side.', '', '  ',
                                     'There it is, and both of them!', '" - " ... !?'])
def test_generic_words_stop_words_and_marks_are_no_phrases(caption):
    assert PhraseExtractor()([caption]) == []


def test_phrases_of_several_captions_are_listed_once_and_the_first_ones_kept():
    captions = ['A dog and a cat.', 'A cat beside the tree.', 'The bird.']
    assert PhraseExtractor()(captions) == ['a dog', 'a cat', 'the tree', 'the bird']
    assert PhraseExtractor(max_phrases=3)(captions) == ['a dog', 'a cat', 'the tree']


def test_word_lists_and_grammar_are_settings():
    caption = ['A photo of the red tree.']
    assert PhraseExtractor(generic_words=[])(caption) == ['a photo', 'the red tree']
    assert PhraseExtractor(generic_words=['tree'], stop_words=['the'])(caption) == ['a photo', 'the red tree']
    assert PhraseExtractor(generic_words=['tree', 'red'])(caption) == ['a photo']
    assert PhraseExtractor(grammar='NP: {<NN.*>+}')(caption) == ['tree']


def test_chunks_are_those_of_a_regular_expression_over_the_tags():
    """Independent of NLTK's chunker: one letter a tag."""
    tagger, plain = TextBlobTagger(), PhraseExtractor(generic_words=[], stop_words=[], max_phrases=99)
    for caption in [*SCENES, *PHOTOS]:
        found = []
        for sentence in tagger(caption):
            letters = ''.join({'DT': 'd', 'JJ': 'j', 'NN': 'n'}.get(tag[:2], '.') for _, tag in sentence)
            found += [' '.join(word.lower() for word, _ in sentence[match.start():match.end()])
                      for match in re.finditer('d?j*n+', letters)]
        assert plain([caption]) == list(dict.fromkeys(found))


@pytest.fixture(scope='session')
def nltk_data(tmp_path_factory):
    """A folder of NLTK data with a perceptron that was trained on a few captions, tagged by the other tagger."""
    data = tmp_path_factory.mktemp('nltk_data')
    tagger = nltk.PerceptronTagger(load=False)
    tagger.train([sentence for caption in [*SCENES, *PHOTOS] for sentence in TextBlobTagger()(caption)] * 5)
    folder = data / 'taggers' / 'averaged_perceptron_tagger_eng'
    folder.mkdir(parents=True)
    for name, value in (('weights', tagger.model.weights), ('tagdict', tagger.tagdict),
                        ('classes', sorted(tagger.classes))):
        (folder / f'averaged_perceptron_tagger_eng.{name}.json').write_text(json.dumps(value))
    return data


def test_nltks_tagger_reads_its_model_out_of_the_folder_alone(nltk_data, tmp_path):
    before = list(nltk.data.path)
    extractor = PhraseExtractor(tagger={'type': 'mmrice.NLTKTagger', 'data_dir': str(nltk_data)})
    for caption, phrases in list(SCENES.items())[1:]:  # NLTK writes quotation marks in another way
        assert extractor([caption]) == phrases
    assert extractor(['A mastiff. A person.']) == ['a mastiff', 'a person'] and nltk.data.path == before
    with pytest.raises(UserError, match=r'weights.json: no such file. engine.phrases.tagger.data_dir .* -d '):
        NLTKTagger(str(tmp_path))('A dog.')


def test_a_damaged_model_is_one_line(nltk_data, tmp_path):
    folder = tmp_path / 'taggers' / 'averaged_perceptron_tagger_eng'
    folder.mkdir(parents=True)
    for path in nltk_data.glob('taggers/*/*.json'):
        (folder / path.name).write_text('{')
    with pytest.raises(UserError, match='averaged_perceptron_tagger_eng cannot be read') as error:
        NLTKTagger(str(tmp_path))('A dog.')
    assert '\n' not in str(error.value)


def test_the_fingerprint_follows_the_model_of_the_tagger(nltk_data):
    tagger = {'type': 'mmrice.NLTKTagger', 'data_dir': str(nltk_data)}
    before, default = PhraseExtractor(tagger).fingerprint(), PhraseExtractor().fingerprint()
    path, = nltk_data.glob('taggers/*/*.classes.json')
    text = path.read_text()
    path.write_text(text + ' ')
    assert len({str(before), str(default), str(PhraseExtractor(tagger).fingerprint()),
                str(PhraseExtractor(stop_words=['a']).fingerprint())}) == 4
    path.write_text(text)


def test_a_tagger_of_a_project_is_used():
    @ENGINE_STAGES.register_module(force=True)
    class ColonTagger:
        version = 1

        def __call__(self, text):
            return [[tuple(word.split(':')) for word in text.split()]]

    assert PhraseExtractor(tagger={'type': 'ColonTagger'})(['Der:DT Hund:NN bellt:VB']) == ['der hund']


@pytest.mark.parametrize('settings, message', [
    ({'max_phrases': 0}, 'engine.phrases.max_phrases is 0, expected 1 or more'),
    ({'grammar': 'NP: {<NN'}, "engine.phrases.grammar: 'NP: {<NN' is no chunk grammar"),
    ({'tagger': {'type': 'mmrice.TextBlobTager'}}, 'engine.phrases.tagger: unknown type .* mmrice.TextBlobTagger')])
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(UserError, match=message):
        PhraseExtractor(**settings)(['A dog.'])
