"""A finished build of three shards, small enough to be checked by hand."""
import io
import json
import tarfile

import numpy as np
from PIL import Image

from mmrice.datasets.shard_format import regions_path, write_meta, write_regions

SHARDS, IMAGES, REGIONS, CLUSTERS = 3, 4, 5, 6  # cluster 5 is empty
NASTY = '</script><img src=x onerror=alert(1)> "&amp;'
WORDS = ['push', NASTY, 'hello</w>', 'unused']


def jpeg(seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((160, 120), Image.NEAREST).save(stream, 'JPEG')
    return stream.getvalue()


def project(features, mean, matrix):
    rows = (features.astype(np.float32) - mean) @ matrix
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write_build(root, kind='object', ocr=True):
    """Write the build; an 'image' has two labels.

    Returns:
        list: All clustered regions as (shard, key, box, nearest cluster, cosine).
    """
    rng, found = np.random.default_rng(0), []
    (root / '.work').mkdir(parents=True)
    centers = rng.normal(size=(CLUSTERS, 3)).astype(np.float32)
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    fitted = dict(mean=rng.normal(size=4).astype(np.float32) / 9, matrix=rng.normal(size=(4, 3)).astype(np.float32))
    np.save(root / 'centers.npy', centers)
    np.savez(root / 'projection.npz', **fitted)
    for shard in range(SHARDS):
        rows, vectors = [], []
        with tarfile.open(root / f'{shard:06d}.tar', 'w') as tar:
            for number in range(IMAGES):
                key = f'k{shard}{number}'
                member, content = tarfile.TarInfo(f'{key}.jpg'), jpeg(IMAGES * shard + number)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
                for _ in range((1 if kind == 'image' else REGIONS) if kind else 0):
                    x, y = rng.uniform(0, 60, 2)
                    vectors.append(rng.normal(size=4))
                    cosines = project(vectors[-1].astype(np.float16)[None], **fitted)[0] @ centers[:5].T
                    nearest = np.argsort(-cosines)[:2 if kind == 'image' else 1].tolist()
                    box = [0, 0, 160, 120] if kind == 'image' else [x, y, x + 90, y + 50]
                    rows.append(dict(key=key, box=box, kind=kind, score=.5, labels=nearest, text=''))
                    found.append((shard, key, box, nearest[0], float(cosines[nearest[0]])))
                if ocr and number % 2:
                    rows += [dict(key=key, box=[8, 8, 150, 30], kind='ocr', score=.9, labels=[0, 1], text=NASTY),
                             dict(key=key, box=[8, 60, 60, 70], kind='ocr', score=.8, labels=[2], text=f'Hello {key}')]
        write_regions(regions_path(root / f'{shard:06d}.tar'), rows)
        np.save(root / '.work' / f'{shard:06d}.embed.npy', np.array(vectors, np.float16).reshape(-1, 4))
    if ocr:
        (root / 'ocr_vocab.json').write_text(json.dumps(WORDS))
    (root / 'clusters.json').write_text(json.dumps(dict(mean_cosine=.5, sizes=dict(max=9.0))))
    (root / 'rejects.jsonl').write_text(''.join(
        json.dumps(dict(file=f'{NASTY}{n}.jpg', kind=reason, reason=f'{reason}: {n}')) + '\n'
        for n, reason in enumerate(['truncated', 'too small', 'truncated'])))
    images = SHARDS * IMAGES
    write_meta(root, dict(
        schema_version=1, num_shards=SHARDS, num_images=images, made_by=dict(tool=NASTY),
        num_regions={**({kind: len(found)} if kind else {}), 'ocr': images * ocr},
        num_classes={**({kind: CLUSTERS} if kind else {}), 'ocr': len(WORDS) * ocr},
        left_out=dict(images=3, images_by_reason=dict(truncated=2), invalid_boxes=0)))
    return found
