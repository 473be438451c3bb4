"""Who is compared, and what is varied."""
from dataclasses import dataclass
from typing import Dict, Tuple

Options = Tuple[str, ...]


@dataclass(frozen=True)
class Contender:
    """A pretraining.

    Attributes:
        title: For people.
        labels: What it learns from, for people.
        config: In the project's ``configs``.
        shards: What it reads, a part of the data.
        options: Of ``tools/train.py --cfg-options``; ``{root}`` stands for the folder of the data.
        length: Its iterations, where they are not the budget's.
    """
    title: str
    labels: str
    config: str
    shards: str = 'regions'
    options: Options = ()
    length: int = 0


RICE = 'rice_vit-mini_scaled-regions'
_DATA = 'train_dataloader.dataset.'

# Another pretrainer joins by a line here. Its config builds on _base_/pretraining.py: encoder, batch, schedule.
CONTENDERS: Dict[str, Contender] = {
    'random': Contender('random weights', 'nothing', RICE, options=('optim_wrapper.optimizer.lr=0.', ), length=1),
    'mlcd': Contender('MLCD', 'clusters of whole images', 'mlcd_vit-mini_scaled-images', 'images'),
    'clip': Contender('CLIP', 'true captions', 'clip_vit-mini_scaled-texts', 'texts'),
    'rice-objects': Contender('RICE, objects only', 'clusters of regions', RICE,
                              options=(f"{_DATA}kinds=['object']", 'model.head.ocr=None')),
    'rice-ocr': Contender('RICE, OCR only', 'words that OCR reads', RICE,
                          options=(f"{_DATA}kinds=['ocr']", 'model.head.object=None')),
    'rice': Contender('RICE', 'clusters of regions, words that OCR reads', RICE),
    'cloc': Contender('CLOC', 'true captions, phrases without places, boxes', 'cloc_vit-mini_scaled-texts', 'phrases'),
    'umg-clip': Contender('UMG-CLIP', 'true captions, phrases, boxes, masks and tags', 'umg-clip_vit-mini_scaled-umg',
                          'umg'),
    'oracle': Contender('RICE, oracle', 'true boxes, names and words', RICE, 'oracle',
                        (f'{_DATA}data_root={{root}}oracle', )),
}

LEARNING_RATES = (1.5e-4, 5e-4, 1.5e-3, 4.5e-3)


@dataclass(frozen=True)
class Sweep:
    """Values of one setting of RICE.

    Attributes:
        title: For people.
        claimed: The value that the paper found best or uses; of clusters the most.
        values: {value: options}; the value without options is that of the main runs.
    """
    title: str
    claimed: str
    values: Dict[str, Options]


def _clusters(number: int) -> Options:
    return f'{_DATA}data_root={{root}}clusters{number}', f'model.head.object.num_classes={number}'


CLUSTERS = {'cpu': (50, 200, 800), 'gpu': (100, 400, 1600), 'smoke': (6, 12)}


def sweeps(budget: str) -> Dict[str, Sweep]:
    """The sweeps of a budget; the number of clusters of its main runs is among ``CLUSTERS``, in the middle or last."""
    numbers = CLUSTERS[budget]
    main = numbers[1]
    regions = {str(n): () if n == 10 else (f'{_DATA}pipeline.3.num_regions={n}', ) for n in (1, 4, 10)}
    sparse = 'optim_wrapper.optimizer.type=mmrice.SparseAdamW'  # a share of the centres has sparse gradients
    ratios = {str(rho): () if rho == 1 else (f'model.head.sample_ratio={rho}', sparse) for rho in (0.1, 0.5, 1)}
    scales = {f'{s}, {m}': () if (s, m) == (15, 0) else (f'model.head.scale={s}.', f'model.head.margin={m}')
              for s, m in ((8, 0), (15, 0), (30, 0), (64, 0.3))}
    weights = {str(w): () if w == 0.1 else (f'model.head.ocr.loss_weight={w}', ) for w in (0, 0.1, 1)}
    return {
        'regions': Sweep('N, regions an image', '10', regions),
        'ratio': Sweep('rho, share of negatives', '0.1', ratios),
        'clusters': Sweep('K, object clusters', str(numbers[-1]),
                          {str(k): () if k == main else _clusters(k) for k in numbers}),
        'scale': Sweep('scale, margin', '64, 0.3', scales),
        'ocr': Sweep('weight of the OCR loss', '1', weights),
    }
