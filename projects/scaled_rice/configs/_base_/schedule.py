# AdamW, a twentieth of warm-up, then a cosine to zero. The learning rate is that of the probes; run.py sets those of
# the pretrainings.
_base_ = ['../../../../configs/_base_/schedules/adamw_quick.py']
optim_wrapper = dict(optimizer=dict(lr=2e-3))
