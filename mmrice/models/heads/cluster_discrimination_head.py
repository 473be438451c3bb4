"""ClusterDiscriminationHead: object clusters, OCR tokens and image clusters in one framework (RICE, sec. 3.3)."""
from typing import Dict, Iterator, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.structures import KINDS
from mmrice.utils.errors import UserError

from ..losses import (
    combined_margin,
    multi_label_cross_entropy,
    multi_label_loss,
    single_label_cross_entropy,
    single_label_loss,
)
from .class_centers import Similarities

LOSSES = {  # for one label, for many
    'rice': (single_label_loss, multi_label_loss),
    'softmax': (single_label_cross_entropy, multi_label_cross_entropy),
}
SINGLE_LABEL = ('object', )


@MODELS.register_module()
class ClusterDiscriminationHead(BaseModule):
    """Discriminate each region against centres of object clusters or of OCR tokens, or a whole image against clusters.

    The margin is taken from the positive cosines (additive by default, as the ``m3`` of the authors' successor code;
    the paper gives the number and not the kind). The paper gives no weights for the losses; all are 1 here.

    Args:
        embed_dims (int): Dims D of a region embedding.
        object (dict, optional): Config of the object centres, one label a region: ``num_classes``, and what else
            :class:`mmrice.ClassCenters` takes; ``type`` names another implementation. ``loss_weight`` defaults to 1.
            None leaves the objects out. Defaults to None.
        ocr (dict, optional): Likewise for OCR tokens, many labels a region. Defaults to None.
        image (dict, optional): Likewise for clusters of whole images, many labels an image (MLCD; UNICOM has one).
            Defaults to None.
        loss (str): 'rice', the paper's, or 'softmax', margin softmax cross-entropy. Defaults to 'rice'.
        scale (float): Factor of the cosines. Defaults to 64, the paper's.
        margin (float | dict): Taken from the positive cosines; or the ``m1``, ``m2``, ``m3`` of
            :func:`mmrice.models.losses.combined_margin`. Defaults to 0.3, the paper's.
        sample_ratio (float): Share of the classes drawn as negatives each step, where a table does not say its own.
            Defaults to 0.1, the paper's.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Example:
        >>> import torch
        >>> from mmrice.models import ClusterDiscriminationHead
        >>> head = ClusterDiscriminationHead(64, object=dict(num_classes=1000), ocr=dict(num_classes=500))
        >>> kinds, labels = torch.tensor([0, 0, 1]), torch.tensor([[7, -1], [999, -1], [3, 499]])
        >>> sorted(key for key in head.loss(torch.rand(3, 64), kinds, labels) if key.startswith('loss'))
        ['loss_object', 'loss_ocr']
    """

    def __init__(self,
                 embed_dims: int,
                 object: Optional[dict] = None,  # noqa: A002 the paper's word
                 ocr: Optional[dict] = None,
                 image: Optional[dict] = None,
                 loss: str = 'rice',
                 scale: float = 64.,
                 margin: Union[float, dict] = 0.3,
                 sample_ratio: float = 0.1,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        given = (('object', object), ('ocr', ocr), ('image', image))
        tables = {kind: dict(table) for kind, table in given if table is not None}
        if not tables:
            raise UserError('ClusterDiscriminationHead: give object=dict(num_classes=...), ocr=dict(...), '
                            'image=dict(...), or several of them.')
        if loss not in LOSSES:
            raise UserError(f'ClusterDiscriminationHead: loss={loss!r} is none of {", ".join(LOSSES)}.')
        self.margin = dict(margin) if isinstance(margin, dict) else dict(m3=margin)
        if not set(self.margin) <= {'m1', 'm2', 'm3'}:
            raise UserError(f'ClusterDiscriminationHead: margin has keys {sorted(self.margin)}, expected m1, m2, m3.')
        self.scale = scale
        self.single_label, self.multi_label = LOSSES[loss]
        self.loss_weights = {kind: table.pop('loss_weight', 1.) for kind, table in tables.items()}
        defaults = dict(type='mmrice.ClassCenters', embed_dims=embed_dims, scale=scale, sample_ratio=sample_ratio)
        self.centers = nn.ModuleDict({
            kind: MODELS.build({
                **defaults, 'single_label': kind in SINGLE_LABEL, 'seed': KINDS.index(kind), **table
            }) for kind, table in tables.items()
        })

    def loss(self, embeddings: Tensor, kinds: Tensor, labels: Tensor) -> Dict[str, Tensor]:
        """Losses of regions. All ranks must call it, those without regions too.

        Args:
            embeddings: Region embeddings, shape (R, D).
            kinds: Index into :data:`mmrice.structures.KINDS`, int64, shape (R,). Kinds without a table are ignored.
            labels: Class indices in the table of the region's kind, int64, shape (R, P), padded with -1; an object
                region's label stands first.

        Returns:
            dict: For each kind its loss as ``loss_<kind>``, weighted: its mean over ranks is the mean over all regions
            of the kind. For the log the share of this rank's regions whose nearest own centre beats all drawn
            negatives, the mean cosine to own centres, the mean cosine between two regions (near 1 the embeddings have
            collapsed) and the mean numbers of positives and negatives a region. A kind without regions has loss 0 and
            no log entries; one region alone has no cosine to another.
        """
        outputs = {}
        for kind, chosen, similarities in self._compare(embeddings, kinds, labels):
            outputs[f'loss_{kind}'] = self.loss_weights[kind] * self._mean_loss(kind, similarities)
            if chosen.any():
                statistics = self._statistics(embeddings.detach()[chosen], similarities)
                outputs.update({f'{name}_{kind}': value for name, value in statistics.items()})
        return outputs

    @torch.no_grad()
    def correct(self, embeddings: Tensor, kinds: Tensor, labels: Tensor) -> Tensor:
        """Whether each region's nearest own centre beats all drawn negatives.

        Args:
            embeddings, kinds, labels: As in :meth:`loss`.

        Returns:
            Tensor: bool, shape (R,); False for kinds without a table here.
        """
        found = torch.zeros(len(embeddings), dtype=torch.bool, device=embeddings.device)
        for _, chosen, similarities in self._compare(embeddings, kinds, labels):
            found[chosen] = self._beats_negatives(similarities)
        return found

    def _compare(self, embeddings: Tensor, kinds: Tensor,
                 labels: Tensor) -> Iterator[Tuple[str, Tensor, Similarities]]:
        """Each kind, which regions are of it, and how they compare with its centres."""
        for kind, centers in self.centers.items():
            chosen = kinds == KINDS.index(kind)
            try:
                yield kind, chosen, centers(embeddings[chosen], labels[chosen, :1 if kind in SINGLE_LABEL else None])
            except UserError as error:
                raise UserError(f'kind {kind!r}: {error}') from error

    @staticmethod
    def _beats_negatives(similarities: Similarities) -> Tensor:
        best = similarities.pos_cosine.masked_fill(~similarities.is_pos, -torch.inf).amax(dim=1)
        return best > similarities.neg_max_cosine

    def _mean_loss(self, kind: str, similarities: Similarities) -> Tensor:
        pos = self.scale * combined_margin(similarities.pos_cosine, **self.margin)
        if kind in SINGLE_LABEL:
            losses = self.single_label(pos[:, 0], similarities.neg_logsumexp)
        else:
            losses = self.multi_label(pos, similarities.is_pos, similarities.neg_logsumexp)
        return losses.sum() * similarities.loss_factor

    @torch.no_grad()
    def _statistics(self, embeddings: Tensor, similarities: Similarities) -> Dict[str, Tensor]:
        num_pos = similarities.is_pos.sum(dim=1)
        found = dict(
            accuracy=100 * self._beats_negatives(similarities).float().mean(),
            pos_cosine=similarities.pos_cosine[similarities.is_pos].sum() / num_pos.sum().clamp(min=1),
            num_positives=num_pos.float().mean(),
            num_negatives=similarities.num_negatives.float().mean())
        number = len(embeddings)
        if number > 1:  # the squared length of a sum of unit vectors: their own squares and all pairs
            total = F.normalize(embeddings.float(), dim=1).sum(dim=0).square().sum()
            found['batch_cosine'] = (total - number) / (number * (number - 1))
        return found
