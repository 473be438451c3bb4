"""Random initialisation shared by our transformers."""
from torch import nn


def init_transformer(module: nn.Module, std: float = 0.02) -> None:
    """Truncated normal linear weights and zero biases, in every layer below ``module``."""
    for child in module.modules():
        if isinstance(child, nn.Linear):
            nn.init.trunc_normal_(child.weight, std=std)
            if child.bias is not None:
                nn.init.zeros_(child.bias)
