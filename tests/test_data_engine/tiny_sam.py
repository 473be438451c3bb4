"""Tiny random SAM and SAM2 directories, and a mask decoder whose boxes are known."""
import cv2
import numpy as np
import torch
import transformers as hf

EDGE = 64  # of the models' input, px; their coarse masks have a quarter of it


def _save(model, folder, seed):
    """Save a model with random weights of a size that lets images and points matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in (*model.parameters(), *model.buffers()):
            if weights.ndim > 1:
                weights.normal_(0, 2 / weights[0].numel()**0.5, generator=generator)
    model.save_pretrained(folder)


def write_sam(folder, seed=1):
    model = hf.SamModel(hf.SamConfig(
        vision_config=hf.SamVisionConfig(
            hidden_size=16, output_channels=64, num_hidden_layers=2, num_attention_heads=2, image_size=EDGE,
            patch_size=8, window_size=4, global_attn_indexes=[1], num_pos_feats=32).to_dict(),
        prompt_encoder_config=hf.SamPromptEncoderConfig(
            hidden_size=64, image_size=EDGE, patch_size=8, mask_input_channels=4).to_dict(),
        mask_decoder_config=hf.SamMaskDecoderConfig(
            hidden_size=64, mlp_dim=16, num_attention_heads=2, iou_head_hidden_dim=16).to_dict()))
    _save(model, folder, seed)
    hf.SamImageProcessor(size={'longest_edge': EDGE}, pad_size={'height': EDGE, 'width': EDGE}).save_pretrained(folder)
    return str(folder)


def write_sam2(folder, seed=0):
    hiera = hf.Sam2HieraDetConfig(
        hidden_size=8, image_size=[EDGE, EDGE], blocks_per_stage=[1, 1, 2, 1], embed_dim_per_stage=[8, 12, 16, 20],
        num_attention_heads_per_stage=[1, 1, 1, 1], window_size_per_stage=[4, 4, 4, 4],
        window_positional_embedding_background_size=[2, 2], global_attention_blocks=[3])
    model = hf.Sam2Model(hf.Sam2Config(
        vision_config=hf.Sam2VisionConfig(
            backbone_config=hiera, backbone_channel_list=[20, 16, 12, 8],
            backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=64),
        prompt_encoder_config=hf.Sam2PromptEncoderConfig(
            hidden_size=64, image_size=EDGE, patch_size=16, mask_input_channels=4),
        mask_decoder_config=hf.Sam2MaskDecoderConfig(
            hidden_size=64, mlp_dim=16, num_attention_heads=2, iou_head_hidden_dim=16)))
    _save(model, folder, seed)
    hf.Sam2ImageProcessorFast(size={'height': EDGE, 'width': EDGE}).save_pretrained(folder)
    return str(folder)


WRITE = {'sam': write_sam, 'sam2': write_sam2}


def draw(height, width, seed=0):
    """Smooth random colours, RGB uint8."""
    return cv2.resize(np.random.default_rng(seed).integers(0, 255, (6, 8, 3)).astype(np.uint8), (width, height))


def square_logits(points, halves):
    """Coarse logits of squares around points, (P, N, 16, 16), for half edges ``halves`` (N,); px of the input."""
    centres = (torch.arange(EDGE // 4) + 0.5) * 4
    dx = (centres - points[:, None, None, None, 0]).abs()
    dy = (centres[:, None] - points[:, None, None, None, 1]).abs()
    return torch.as_tensor(halves)[:, None, None] - torch.maximum(dx, dy)


def draw_squares(proposer, halves=(12.0,), iou=lambda points: 0.95):
    """Let the decoder of a proposer see squares around its points; returns the proposer."""
    def forward(image_embeddings, input_points, input_labels, multimask_output):
        assert multimask_output and (input_labels == 1).all()
        points = input_points[0, :, 0].double()
        ious = torch.as_tensor(iou(points)).expand(len(points))[:, None].expand(-1, len(halves))
        return hf.models.sam.modeling_sam.SamImageSegmentationOutput(
            pred_masks=square_logits(points, halves)[None], iou_scores=ious[None])
    proposer.sam.load()
    proposer.sam.network.forward = forward
    return proposer


def extent(centre, half, edge):
    """First and last + 1 pixel whose centre lies within ``half`` of ``centre``, inside an image of ``edge`` px."""
    inside = [i for i in range(edge) if abs(i + 0.5 - centre) < half]
    return inside[0], inside[-1] + 1
