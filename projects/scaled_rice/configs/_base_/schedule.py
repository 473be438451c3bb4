# AdamW, a twentieth of warm-up, then a cosine to zero; run.py sets the learning rate.
_base_ = ['../../../../configs/_base_/schedules/adamw_quick.py']
optim_wrapper = dict(optimizer=dict(lr=2e-3))
