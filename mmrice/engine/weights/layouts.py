"""Key layouts of RICE and MLCD weights: one table, read from every layout to ours and from ours to Hugging Face's."""
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from mmrice.utils import UserError

OURS, HUGGING_FACE, AUTHORS = 'mmrice', 'hugging_face', 'authors'
TITLES = {OURS: "mmrice's layout", HUGGING_FACE: "Hugging Face's layout", AUTHORS: "the authors' layout"}
PREFIXES = ('', 'backbone.', 'model.backbone.', 'model.', 'encoder.')  # preferred among several backbones

# A row is a parameter or a layer in the order (ours, Hugging Face's, authors'). '.*' stands for its weight and bias,
# '#' for the number of a layer, '?' for each of q, k and v, which are concatenated in the other two layouts.
_TABLE: Tuple[Tuple[str, str, str], ...] = (
    ('patch_embed.weight', 'embeddings.patch_embedding.weight', 'conv1.weight'),
    ('cls_token', 'embeddings.class_embedding', 'class_embedding'),
    ('cls_angles', 'class_pos_emb', 'class_pos_emb'),
    ('pre_norm.*', 'pre_layrnorm.*', 'ln_pre.*'),
    ('layers.#.norm1.*', 'encoder.layers.#.layer_norm1.*', 'transformer.resblocks.#.ln_1.*'),
    ('layers.#.attn.qkv.*', 'encoder.layers.#.self_attn.?_proj.*', 'transformer.resblocks.#.attn.in_proj.*'),
    ('layers.#.attn.proj.*', 'encoder.layers.#.self_attn.out_proj.*', 'transformer.resblocks.#.attn.out_proj.*'),
    ('layers.#.norm2.*', 'encoder.layers.#.layer_norm2.*', 'transformer.resblocks.#.ln_2.*'),
    ('layers.#.ffn.0.*', 'encoder.layers.#.mlp.fc1.*', 'transformer.resblocks.#.mlp.c_fc.*'),
    ('layers.#.ffn.2.*', 'encoder.layers.#.mlp.fc2.*', 'transformer.resblocks.#.mlp.c_proj.*'),
    ('norm.*', 'post_layernorm.*', 'ln_post.*'),
)
_COLUMN = {OURS: 0, HUGGING_FACE: 1, AUTHORS: 2}

_BUFFER = re.compile(r'(^|\.)(position_ids|inv_freq)$')  # older versions of transformers saved these buffers


class _Foreign(NamedTuple):
    """A model that is not a RICEViT: keys that tell it (under one prefix), and what to say."""
    keys: Tuple[str, ...]
    what: str
    why: str
    use: str


_CLIP_WHY = 'It has absolute positions ({}), while RICEViT has rotary ones and needs class_pos_emb'
_FOREIGN = (
    _Foreign(('embeddings.position_embedding.weight', 'embeddings.class_embedding'),
             "a plain CLIP vision model in Hugging Face's layout, as mlcd-vit-large-patch14-336 and "
             'mlcd-vit-base-patch32-224 are', _CLIP_WHY.format('position_embedding'),
             "transformers' CLIPVisionModel or MMPretrain's VisionTransformer with pre_norm=True"),
    _Foreign(('embeddings.position_embedding.weight', 'embeddings.patch_embedding.weight'),
             "a vision model with absolute positions in Hugging Face's layout, such as SigLIP",
             _CLIP_WHY.format('position_embedding'), "transformers' own class for it"),
    _Foreign(('positional_embedding', 'conv1.weight', 'class_embedding'), "a plain CLIP model in OpenAI's layout",
             _CLIP_WHY.format('positional_embedding'),
             "open_clip or MMPretrain's VisionTransformer with pre_norm=True"),
    _Foreign(('pos_embed', 'blocks.0.attn.qkv.weight', 'feature.0.weight'), 'a UNICOM model',
             'It has absolute positions (pos_embed), ReLU6 in its MLPs, no class token and a head that ties it to one '
             'image size; RICEViT has rotary positions, GELU and a class token', "the authors' unicom package"),
    _Foreign(('pos_embed', 'patch_embed.proj.weight'), 'a vision transformer with absolute positions (pos_embed)',
             'RICEViT has rotary ones', "timm, or MMPretrain's VisionTransformer"),
    _Foreign(('pos_embed', 'patch_embed.projection.weight'), 'a vision transformer of MMPretrain',
             'It has absolute positions (pos_embed), while RICEViT has rotary ones', "MMPretrain's VisionTransformer"),
)


class Layout(NamedTuple):
    """What :func:`recognise` found: the name of a layout, and what the backbone's keys begin with."""
    name: str
    prefix: str

    def describe(self) -> str:
        """In words, as in "Hugging Face's layout, keys under vision_model."."""
        return TITLES[self.name] + (f', keys under {self.prefix}' if self.prefix else '')


def key_table(layout: str, num_layers: int) -> Dict[str, Tuple[str, ...]]:
    """Keys of a layout by ours.

    Args:
        layout: 'mmrice', 'hugging_face' or 'authors'.
        num_layers: Transformer layers.

    Returns:
        dict: {our key: (key, ), or its (q, k, v) keys}, without prefixes, in the order of our modules.
    """
    table = {}
    for row in _TABLE:
        numbers = range(num_layers) if '#' in row[0] else (0, )
        for number in numbers:
            ours, theirs = (row[column].replace('#', str(number)) for column in (0, _COLUMN[layout]))
            for kind in ('weight', 'bias') if ours.endswith('*') else ('', ):
                parts = [theirs.replace('?', part) for part in 'qkv'] if '?' in theirs else [theirs]
                table[ours.replace('*', kind)] = tuple(part.replace('*', kind) for part in parts)
    return table


def clean_key(key: str) -> str:
    """A key without the ``module.`` and ``_orig_mod.`` of wrappers."""
    key = key.replace('_orig_mod.', '')
    while key.startswith('module.'):
        key = key[len('module.'):]
    return key


def canonical_key(key: str) -> str:
    """The key of the table: ``attn.in_proj.weight`` for the ``attn.in_proj_weight`` of ``nn.MultiheadAttention``."""
    return re.sub(r'\.in_proj_(weight|bias)$', r'.in_proj.\1', key)


def recognise(keys: Iterable[str], source: str, prefix: Optional[str] = None) -> Optional[Layout]:
    """Find a RICEViT among the keys of a file, in whichever layout and under whichever prefix.

    Args:
        keys: Cleaned keys.
        source: Name of the file, for errors.
        prefix: Where to look, if the user said so.

    Returns:
        Layout: None where nothing like a RICEViT was found.

    Raises:
        UserError: The file holds a model of another kind, or several backbones and no way to choose.
    """
    keys = set(map(canonical_key, keys))
    scores: Dict[Layout, float] = {}
    for name in TITLES:
        expected = [part for parts in key_table(name, 1).values() for part in parts]
        for found in {Layout(name, start) for key in expected for start in _prefixes(keys, key)}:
            if prefix is None or found.prefix.startswith(prefix):
                scores[found] = sum(found.prefix + key in keys for key in expected) / len(expected)
    best = max(scores.values(), default=0.)
    winners = [found for found, score in scores.items() if score == best]
    rotary = [found for found in winners if found.prefix + key_table(found.name, 0)['cls_angles'][0] in keys]
    if not rotary:
        _refuse_foreign(keys, source)
    return None if best < 0.5 else _choose(rotary or winners, source)


def namespace(layout: str) -> Set[str]:
    """First parts of a layout's keys, such as 'encoder'; a key that begins with one belongs to the backbone."""
    return {part.split('.')[0] for parts in key_table(layout, 1).values() for part in parts}


def is_buffer(key: str) -> bool:
    """Whether a key holds what is computed anew, so that nothing is lost without it."""
    return _BUFFER.search(key) is not None


def _prefixes(keys: Set[str], suffix: str) -> Set[str]:
    return {key[:-len(suffix)] for key in keys if key == suffix or key.endswith(f'.{suffix}')}


def _choose(found: List[Layout], source: str) -> Layout:
    preferred = [layout for prefix in PREFIXES for layout in found if layout.prefix == prefix]
    if not preferred and len(found) > 1:
        raise UserError(f'{source}: holds {len(found)} backbones, under {", ".join(sorted(x.prefix for x in found))}. '
                        'Say which one with prefix.')
    return (preferred or found)[0]


def _refuse_foreign(keys: Set[str], source: str) -> None:
    for foreign in _FOREIGN:
        shared = set.intersection(*(_prefixes(keys, key) for key in foreign.keys))
        if shared:
            raise UserError(f'{source}: this is {foreign.what}. {foreign.why}: its weights do not fit. '
                            f'Use it with {foreign.use}.')
