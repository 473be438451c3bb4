"""SampleExpressions: some of an image's referring expressions."""
import random

from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleExpressions(BaseTransform):
    """Draw at random which of an image's expressions are trained on, so that memory has a bound.

    For samples of MMDetection's ``RefCocoDataset``, before annotations are loaded: ``text`` and ``instances`` stay in
    step, and masks of what is left out are never made. With ``text_mode='original'`` the dataset gives all expressions;
    its 'random' draws one of each object when it is built, and never again.

    Args:
        num_expressions (int): At most so many; of an image that has no more, all. Defaults to 8.
    """

    def __init__(self, num_expressions: int = 8) -> None:
        self.num_expressions = num_expressions

    def transform(self, results: dict) -> dict:
        """Draw."""
        present = len(results['text'])
        if present > self.num_expressions:
            chosen = random.sample(range(present), self.num_expressions)
            for key in ('text', 'instances'):
                results[key] = [results[key][place] for place in chosen]
        return results
