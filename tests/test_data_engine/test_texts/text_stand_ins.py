"""Parts that see colours, in place of a captioner and a detector; workers import them too."""
import numpy as np

from mmrice.data_engine.captioners import Captioner
from mmrice.data_engine.grounders import Grounded, Grounder
from mmrice.registry import ENGINE_STAGES

COLOURS = {'red': (230, 20, 20), 'green': (20, 230, 20), 'blue': (20, 20, 230)}


def where(image, colour):
    return np.abs(image.astype(int) - COLOURS[colour]).sum(-1) < 120


@ENGINE_STAGES.register_module(force=True)
class ColourCaptioner(Captioner):

    def __call__(self, images, records):
        named = [[f'a {colour} square' for colour in COLOURS if where(image, colour).any()] for image in images]
        return [[f'A photo of  {" and ".join(squares)}.'] if squares else [] for squares in named]


@ENGINE_STAGES.register_module(force=True)
class SizeCaptioner(Captioner):

    def __call__(self, images, records):
        return [[f'{image.shape[1]} wide'] for image in images]


@ENGINE_STAGES.register_module(force=True)
class ColourGrounder(Grounder):

    def __call__(self, images, records, phrases):
        return [self.find(image, of_image) for image, of_image in zip(images, phrases)]

    def find(self, image, phrases):
        boxes, found = [[0, 0, 0.5, 0.5]], ['too small']
        for phrase in phrases:
            y, x = np.nonzero(where(image, phrase.split()[1]))
            boxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1])
            found.append(phrase)
        return Grounded(np.array(boxes, np.float32), np.linspace(0.5, 1, len(found), dtype=np.float32), found)


@ENGINE_STAGES.register_module(force=True)
class ForgetfulPart(ColourCaptioner):

    def __call__(self, images, *_):
        return [[]] * (len(images) - 1)
