#!/usr/bin/env bash
# Train on several devices of one machine, or of several with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
# Usage: tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
set -euo pipefail
[ $# -ge 2 ] || { sed -n 2,3p "$0"; exit 2; }
CONFIG=$1
PROCESSES=$2
"${PYTHON:-python}" -m torch.distributed.run --nproc_per_node="$PROCESSES" --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"
