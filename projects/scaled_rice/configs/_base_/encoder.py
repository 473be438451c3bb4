# The encoder of all contenders. The environment variable SCALED_RICE names the budget: sizes, data and lengths.
_base_ = ['budgets/{{$SCALED_RICE:cpu}}.py']
encoder = dict(type='mmrice.RICEViT', arch={{_base_.arch}}, patch_size={{_base_.patch}})
dense = dict(
    **encoder,
    out_type='featmap',
    init_cfg=dict(
        type='mmrice.RICEPretrained', checkpoint='work_dirs/scaled_rice/cpu/main/rice/seed0/pretraining/latest.pth'))
mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
