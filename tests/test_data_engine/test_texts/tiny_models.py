"""Tiny random OWLv2, BLIP, LLaVA, CLIP and SigLIP directories."""
import json

import torch
import transformers as hf

EDGE = 32  # of the models' input, px
WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *'abcdefghijklmnopqrstuvwxyz', 'dog', 'cat', 'tree', 'the']
_VISION = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=EDGE,
               patch_size=8)


def _save(model, folder, seed):
    """Save a model with random weights of a size that lets pixels and words matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim > 1 or name.endswith('embedding'):
                weights.normal_(0, 2 / weights[0].numel()**0.5 if weights.ndim > 1 else 1, generator=generator)
    model.eval().save_pretrained(folder)
    return model


_PIECES = ['!', *'abcdefghijklmnopqrstuvwxyz', *(f'{letter}</w>' for letter in 'abcdefghijklmnopqrstuvwxyz'),
           '<|startoftext|>', '<|endoftext|>']
_TEXT = dict(vocab_size=len(_PIECES), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
             max_position_embeddings=16, pad_token_id=0, bos_token_id=len(_PIECES) - 2, eos_token_id=len(_PIECES) - 1)


def _tokenizer(folder):
    """CLIP's tokenizer, a letter a token."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'vocab.json').write_text(json.dumps({piece: number for number, piece in enumerate(_PIECES)}))
    (folder / 'merges.txt').write_text('#version: 0.2\n')
    return hf.CLIPTokenizerFast.from_pretrained(folder, pad_token='!', model_max_length=16)


def write_clip(folder, seed=0):
    model = hf.CLIPModel(hf.CLIPConfig(text_config=_TEXT, vision_config=_VISION, projection_dim=16))
    model.logit_scale.data.fill_(1)
    images = hf.CLIPImageProcessor(image_mean=[0.5] * 3, image_std=[0.5] * 3)
    hf.CLIPProcessor(images, _tokenizer(folder)).save_pretrained(folder)
    return _save(model, folder, seed)


def write_siglip(folder, seed=0):
    model = hf.SiglipModel(hf.SiglipConfig(text_config={**_TEXT, 'projection_size': 16}, vision_config=_VISION))
    model.logit_scale.data.fill_(1), model.logit_bias.data.fill_(-0.5)
    hf.CLIPProcessor(hf.CLIPImageProcessor(image_mean=[0.5] * 3, image_std=[0.5] * 3),
                     _tokenizer(folder)).save_pretrained(folder)
    return _save(model, folder, seed)


def write_owlv2(folder, seed=0):
    model = hf.Owlv2ForObjectDetection(hf.Owlv2Config(
        text_config=hf.Owlv2TextConfig(**_TEXT).to_dict(), vision_config=hf.Owlv2VisionConfig(**_VISION).to_dict(),
        projection_dim=16))
    tokenizer = _tokenizer(folder)
    hf.Owlv2Processor(hf.Owlv2ImageProcessor(size={'height': EDGE, 'width': EDGE}), tokenizer).save_pretrained(folder)
    return _save(model, folder, seed)


def write_blip(folder, seed=0):
    text = dict(vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
                encoder_hidden_size=16, bos_token_id=2, eos_token_id=3, sep_token_id=3, pad_token_id=0,
                max_position_embeddings=40)
    model = hf.BlipForConditionalGeneration(hf.BlipConfig(text_config=text, vision_config=_VISION))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'vocab.txt').write_text('\n'.join(WORDS) + '\n')
    tokenizer = hf.BertTokenizerFast.from_pretrained(folder)
    images = hf.BlipImageProcessor(size={'height': EDGE, 'width': EDGE})
    hf.BlipProcessor(images, tokenizer).save_pretrained(folder)
    return _save(model, folder, seed)


def write_llava(folder, seed=0):
    from tokenizers import Tokenizer, models, pre_tokenizers
    words = [*WORDS, '<image>', 'USER:', 'ASSISTANT:', 'describe', 'this', 'image', '.', ':']
    raw = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token='[UNK]'))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = hf.LlamaTokenizerFast(tokenizer_object=raw, bos_token='[CLS]', eos_token='[SEP]', pad_token='[PAD]',
                                      unk_token='[UNK]', additional_special_tokens=['<image>'])
    vision = hf.CLIPVisionConfig(**_VISION)
    text = hf.LlamaConfig(vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                          num_attention_heads=2, num_key_value_heads=2, bos_token_id=2, eos_token_id=3, pad_token_id=0)
    model = hf.LlavaForConditionalGeneration(hf.LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=words.index('<image>'), vision_feature_layer=-1))
    template = ("{% for m in messages %}USER: {% for c in m.content %}{% if c.type == 'image' %}<image> {% else %}"
                '{{ c.text }} {% endif %}{% endfor %}{% endfor %}ASSISTANT:')
    images = hf.CLIPImageProcessor(size={'shortest_edge': EDGE}, crop_size={'height': EDGE, 'width': EDGE})
    hf.LlavaProcessor(images, tokenizer, patch_size=8, vision_feature_select_strategy='default', chat_template=template,
                      num_additional_image_tokens=1).save_pretrained(folder)
    return _save(model, folder, seed)
