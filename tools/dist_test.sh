#!/usr/bin/env bash
# Test on several devices of one machine, or of several with NNODES, NODE_RANK, MASTER_ADDR and PORT set.
# Usage: tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]
set -euo pipefail
[ $# -ge 3 ] || { sed -n 2,3p "$0"; exit 2; }
CONFIG=$1
CHECKPOINT=$2
PROCESSES=$3
"${PYTHON:-python}" -m torch.distributed.run --nproc_per_node="$PROCESSES" --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "${@:4}"
