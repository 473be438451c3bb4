"""UMGCLIP: captions and tags of images, regions and masks, and clusters of regions, in one framework (wiring)."""
from typing import Dict, List, Optional, Tuple

import torch
from mmengine.dist import get_dist_info
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from torch import Tensor

from mmrice.parallel import all_gather_numbers, gather_rows, leave_out_of_ddp, rows_of
from mmrice.registry import MODELS
from mmrice.structures import RegionDataSample
from mmrice.utils.errors import UserError

from ..heads.region_text_head import Paired
from ..heads.tag_head import LEVELS
from ..text.tag_names import TagNames
from .base import Regions, gather_regions, pad_labels
from .cloc import CLOC, Encoded


@MODELS.register_module()
class UMGCLIP(CLOC):
    """Pretrain a backbone by texts and tags of images, of their regions, and of the pixels of masks.

    UMG-CLIP (ECCV 2024) annotates images at three levels, with captions and with tags, and trains on all of them; no
    code was released and its section on the loss could not be read, so the form of each term is a choice of this
    project (docs/umg_clip.md). An image is encoded once for all terms. Each has a weight, and parts that no weight asks
    for are left out:

    ====== ========================= ======================= ==========================================
    level  embedding                 captions, ``head``      tags, ``tag_head``
    ====== ========================= ======================= ==========================================
    image  ``image_neck``            ``image_weight``        ``image_weight``
    region ``neck``                  ``region_weight``       ``region_weight``
    pixel  ``pixel_neck``            ``pixel_weight``        ``pixel_weight``
    ====== ========================= ======================= ==========================================

    ``cluster_head`` discriminates regions against clusters and OCR tokens beside them. With the captions of images
    alone this is CLIP, with those of regions CLOC, with ``cluster_head`` alone RICE.

    Args:
        backbone (dict): A :class:`mmrice.RICEViT` with ``out_type='raw'``.
        text_encoder (dict, optional): See :class:`mmrice.CLOC`. None without texts and tags.
        image_neck (dict, optional): MMPretrain's ``LinearNeck`` on the class token.
        neck (dict, optional): From boxes to embeddings: :class:`mmrice.RoIAlignPooling` (UMG-CLIP),
            :class:`mmrice.MaskPooling`, :class:`mmrice.RegionTransformer` or :class:`mmrice.Prompter`.
        pixel_neck (dict, optional): From masks to embeddings: :class:`mmrice.MaskPooling`.
        head (dict, optional): A :class:`mmrice.RegionTextHead`.
        tag_head (dict, optional): A :class:`mmrice.TagHead`; ``num_tags`` defaults to the number of ``tags``.
        tags (dict, optional): Arguments of :class:`~mmrice.models.text.tag_names.TagNames`: ``names``, ...
        cluster_head (dict, optional): A :class:`mmrice.ClusterDiscriminationHead` with ``object``, ``ocr`` or both.
        cluster_neck (dict, optional): From boxes to what that discriminates. Defaults to None: ``neck``.
        data_preprocessor, init_cfg (dict, optional): See :class:`mmrice.CLOC`.

    Raises:
        UserError: A weight asks for a part that is not there, a part has no weight, or the tags are not as many as the
            head has.
    """

    def __init__(self,
                 backbone: dict,
                 text_encoder: Optional[dict] = None,
                 image_neck: Optional[dict] = None,
                 neck: Optional[dict] = None,
                 pixel_neck: Optional[dict] = None,
                 head: Optional[dict] = None,
                 tag_head: Optional[dict] = None,
                 tags: Optional[dict] = None,
                 cluster_head: Optional[dict] = None,
                 cluster_neck: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        data_preprocessor = {'type': 'mmengine.ImgDataPreprocessor', **(data_preprocessor or {})}
        BaseSelfSupervisor.__init__(self, backbone, data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.tag_names = None if tags is None else TagNames(
            **{'num_tokens': (text_encoder or {}).get('num_tokens', 77), **tags})
        if tags is not None and tag_head is not None:
            tag_head = {'num_tags': len(self.tag_names), **tag_head}
        for name, part in dict(neck=neck, head=head, image_neck=image_neck, text_encoder=text_encoder,
                               pixel_neck=pixel_neck, tag_head=tag_head, cluster_head=cluster_head,
                               cluster_neck=cluster_neck).items():
            setattr(self, name, None if part is None else MODELS.build(part))
        self._check()
        leave_out_of_ddp(self)

    def _check(self) -> None:
        own = [getattr(self.head, f'{level}_weight', 0) for level in LEVELS]
        tagged = [0] * len(LEVELS) if self.tag_head is None else list(self.tag_head.weights.values())
        for name, part, values in (('head', self.head, own), ('tag_head', self.tag_head, tagged)):
            if min(values) < 0 or part is not None and not any(values):
                raise UserError(f'UMGCLIP: model.{name} has weights {dict(zip(LEVELS, values))}, expected none below 0 '
                                'and one above; or leave it out.')
        if self.head is self.tag_head is self.cluster_head is None:
            raise UserError('UMGCLIP: nothing is trained. Give model.head, model.tag_head or model.cluster_head.')
        weights = {level: sum(pair) for level, *pair in zip(LEVELS, own, tagged)}
        shares = self.cluster_head is not None and self.cluster_neck is None
        needs = dict(image_neck=weights['image'] > 0, neck=weights['region'] > 0 or shares,
                     pixel_neck=weights['pixel'] > 0, text_encoder=any(weights.values()),
                     tag_names=self.tag_head is not None)
        for name, needed in needs.items():
            if needed != (getattr(self, name) is not None):
                option = 'tags' if name == 'tag_names' else name
                raise UserError(f'UMGCLIP: model.{option} {"is missing" if needed else "is not used"}: weights are '
                                f'{weights}, cluster_head is {"there" if self.cluster_head is not None else "not"}.')
        self._check_necks()
        if self.tag_names is not None and len(self.tag_names) != self.tag_head.num_tags:
            raise UserError(f'UMGCLIP: model.tags has {len(self.tag_names)} names, model.tag_head num_tags='
                            f'{self.tag_head.num_tags}.')

    def _check_necks(self) -> None:
        if self.cluster_neck is not None and self.cluster_head is None:
            raise UserError('UMGCLIP: model.cluster_neck is not used: there is no cluster_head.')
        for name in ('neck', 'cluster_neck'):
            part = getattr(self, name)
            if part is not None and part.patch_size is None:
                raise UserError(f'UMGCLIP: model.{name} pools boxes: give its patch_size.')
            grounds = getattr(part, 'box_head', None) is not None
            wanted = (name == 'neck' and self.head is not None and self.head.region_weight > 0
                      and self.head.grounding_weight > 0)
            if grounds != wanted:
                raise UserError(f'UMGCLIP: model.{name} {"has" if grounds else "has no"} grounding, but '
                                f'{"a" if wanted else "no"} weight for it. Set Prompter(grounding=...) and '
                                'RegionTextHead(grounding_weight=...) accordingly.')

    def loss(self, inputs: Tensor, data_samples: List[RegionDataSample]) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs: Normalised images, shape (B, 3, H, W).
            data_samples: With ``caption_tokens`` and ``text_tokens`` of :class:`mmrice.TokenizeTexts` for texts,
                and ``patch_masks`` of :class:`mmrice.PatchMasks` for masks.

        Returns:
            dict: See the heads' ``loss``.
        """
        images, losses = self.encode(inputs), {}
        covers = None if self.pixel_neck is None else self.gather_masks(images, data_samples)
        if self.head is not None:
            words, texts, pixels, num_masked = gather_regions(data_samples, ['text']), None, None, 0
            if self.head.region_weight or self.head.pixel_weight:
                texts = self.embed_texts(data_samples, inputs.device)
            if self.head.pixel_weight:
                masked, has_mask, num_masked = self.pool_masks(images, covers, words)
                pixels = Paired(masked, texts[has_mask])
            losses.update(self.text_losses(images, data_samples, texts, words, pixels, num_masked))
        if self.tag_head is not None:
            losses.update(self.tag_losses(images, data_samples, covers))
        if self.cluster_head is not None:
            losses.update(self.cluster_losses(images, data_samples))
        return losses

    def gather_masks(self, images: Encoded, data_samples: List[RegionDataSample]) -> Tensor:
        """How much of each patch the masks of all regions cover, 0 to 255, uint8, shape (R, h, w).

        Raises:
            UserError: The samples have no masks, or not those of this model's patches and regions.
        """
        for sample in data_samples:
            found = sample.get('patch_masks')
            expected = (len(sample.gt_regions), *images.grid)
            if found is None or found.shape != expected:
                have = 'no masks' if found is None else f'masks of shape {found.shape}'
                raise UserError(f'UMGCLIP: a sample has {have}, expected {expected}: regions, rows and columns of '
                                f'patches. Put mmrice.PatchMasks(patch_size={self.backbone.patch_size}) into the '
                                "pipeline, 'patch_masks' into meta_keys of PackRegionInputs, and let inputs be whole "
                                'patches.')
        masks = torch.cat([torch.from_numpy(sample.patch_masks) for sample in data_samples])
        return masks.to(images.tokens.device)

    def pool_masks(self, images: Encoded, covers: Tensor, regions: Regions) -> Tuple[Tensor, Tensor, int]:
        """Embed the masks of some regions.

        Args:
            images: Of the batch.
            covers: See :meth:`gather_masks`.
            regions: Some of the batch.

        Returns:
            tuple: Embeddings of those that have a mask, shape (R', D), which of them have, bool, shape (R,), and the
            number of images with one.
        """
        own = covers[regions.places]
        has_mask = own.flatten(1).amax(dim=1) > 0
        counts = regions.images[has_mask].bincount(minlength=len(images.tokens)).tolist()
        masks = list((own[has_mask].float() / 255).split(counts))
        return self.pixel_neck(images.tokens, images.grid, masks), has_mask, sum(map(bool, counts))

    def tag_losses(self, images: Encoded, data_samples: List[RegionDataSample],
                   covers: Optional[Tensor]) -> Dict[str, Tensor]:
        """Losses of the tags of each level that has a weight, those of regions and pixels times the share of images
        that have such."""
        weights, regions, every = self.tag_head.weights, gather_regions(data_samples, ['tags']), len(data_samples)
        levels: Dict[str, Tuple[Tensor, Tensor]] = {}
        counts = [every, sum(map(bool, regions.counts)), 0]
        if weights['image']:
            whole = gather_regions(data_samples, ['image_tags'])
            levels['image'] = self.image_neck((images.tokens[:, 0], ))[-1][whole.images], whole.labels
        if weights['region']:
            levels['region'] = self.pool(images, regions.boxes), regions.labels
        if weights['pixel']:
            masked, has_mask, counts[2] = self.pool_masks(images, covers, regions)
            levels['pixel'] = masked, regions.labels[has_mask]
        tags = self.tag_head.candidates(pad_labels([labels for _, labels in levels.values()]))
        vectors = self.embed_tags(tags)
        every, *numbers = map(sum, zip(*all_gather_numbers(counts, tags.device)))
        shares = dict(zip(LEVELS, (1., *(number / every for number in numbers))))
        losses: Dict[str, Tensor] = {}
        for level, (embeddings, labels) in levels.items():
            losses.update(self.tag_head.loss(level, embeddings, labels, tags, vectors, shares[level]))
        return losses

    def embed_tags(self, tags: Tensor) -> Tensor:
        """Embeddings of the names of tags, shape (S, D); each rank embeds its part. All ranks give the same tags."""
        rows = rows_of([len(part) for part in tags.tensor_split(get_dist_info()[1])])
        own = self.embed_tokens([self.tag_names(tags[rows.own].cpu())], tags.device)
        return gather_rows(own, rows)

    def cluster_losses(self, images: Encoded, data_samples: List[RegionDataSample]) -> Dict[str, Tensor]:
        """Losses of :class:`mmrice.RICE`."""
        regions = gather_regions(data_samples, list(self.cluster_head.centers))
        if self.cluster_neck is None:
            embeddings = self.pool(images, regions.boxes)
        else:
            embeddings = self.cluster_neck(images.tokens, images.grid, regions.boxes)
        return self.cluster_head.loss(embeddings, regions.kinds, regions.labels)
