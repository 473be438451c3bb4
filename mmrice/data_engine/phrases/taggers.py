"""Part-of-speech taggers: text -> sentences of (word, Penn Treebank tag)."""
import importlib.metadata
import importlib.util
import re
from pathlib import Path
from typing import Any, List, Tuple

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..workspace import file_digest

Sentence = List[Tuple[str, str]]

_END = re.compile(r'(?<=[.!?])\s+')
_MODEL = 'averaged_perceptron_tagger_eng'


def require(package: str, where: str = 'engine.phrases') -> None:
    """Raise where a package is not installed."""
    if importlib.util.find_spec(package) is None:
        raise UserError(f'{where} needs {package}, which is not installed. {install_hint(package)}')


@ENGINE_STAGES.register_module()
class TextBlobTagger:
    """The lexicon and rules for English that TextBlob's wheel brings (from pattern.en, after Brill); no model file.

    It takes some verbs for nouns: 'a bus drives by' gives the phrase 'a bus drives'.
    """
    version = 1

    def __init__(self) -> None:
        require('textblob')

    def fingerprint(self) -> List[str]:
        """TextBlob's version, which stands for its lexicon."""
        return [f'textblob {importlib.metadata.version("textblob")}']

    def __call__(self, text: str) -> List[Sentence]:
        """Tag a text.

        Example:
            >>> TextBlobTagger()('A black dog.')
            [[('A', 'DT'), ('black', 'JJ'), ('dog', 'NN'), ('.', '.')]]
        """
        from textblob.en import parser
        return [[(word, tag) for word, tag in parser.find_tags(sentence.split())]
                for sentence in parser.find_tokens(text)]


@ENGINE_STAGES.register_module()
class NLTKTagger:
    """NLTK's averaged perceptron, CLOC's tagger, with its data in a local folder; nothing is downloaded.

    Sentences are cut after full stops, question and exclamation marks, words by NLTK's tokenizer, which needs no data.

    Args:
        data_dir: A folder of NLTK data with ``taggers/averaged_perceptron_tagger_eng`` in it, as
            ``nltk.download('averaged_perceptron_tagger_eng', download_dir=...)`` makes it.
    """
    version = 1

    def __init__(self, data_dir: str) -> None:
        require('nltk')
        self.data_dir = Path(data_dir).expanduser()
        self._tagger, self._tokenizer = None, None

    def fingerprint(self) -> List[str]:
        """NLTK's version and the contents of the model's files."""
        return [f'nltk {importlib.metadata.version("nltk")}', *map(file_digest, self._files())]

    def _files(self) -> List[Path]:
        files = [self.data_dir / 'taggers' / _MODEL / f'{_MODEL}.{name}.json' for name in
                 ('weights', 'tagdict', 'classes')]
        for path in files:
            if not path.is_file():
                raise UserError(f'{path}: no such file. engine.phrases.tagger.data_dir is a folder of NLTK data; where '
                                f"there is a network: python -m nltk.downloader -d {self.data_dir} {_MODEL}")
        return files

    def _load(self) -> Any:
        import nltk
        self._files()
        before = list(nltk.data.path)
        nltk.data.path[:] = [str(self.data_dir.resolve())]  # or it would take the data of the user's home
        try:
            self._tagger = nltk.PerceptronTagger(lang='eng')
        except (LookupError, OSError, ValueError) as error:
            reason = ' '.join(str(error).split())[:200]
            raise UserError(f'{self.data_dir}: {_MODEL} cannot be read ({reason}).') from error
        finally:
            nltk.data.path[:] = before
        self._tokenizer = nltk.NLTKWordTokenizer()

    def __call__(self, text: str) -> List[Sentence]:
        """Tag a text."""
        if self._tagger is None:
            self._load()
        return [self._tagger.tag(self._tokenizer.tokenize(sentence)) for sentence in _END.split(text) if sentence]
