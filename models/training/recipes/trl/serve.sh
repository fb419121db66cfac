#!/usr/bin/env bash
# vLLM as a server on GPUs of its own, for `vllm_mode: server` of TRL 1.13.0. It has to run on other GPUs than the
# trainer. Options: https://huggingface.co/docs/trl/v1.13.0/vllm_integration
#   CUDA_VISIBLE_DEVICES=3 models/training/recipes/trl/serve.sh run/sft-7b-merged
set -euo pipefail

model=${1:?usage: serve.sh CHECKPOINT}
exec trl vllm-serve \
  --model "$model" \
  --host 127.0.0.1 \
  --port 8000 \
  --tensor-parallel-size 1 \
  --data-parallel-size 1 \
  --gpu-memory-utilization 0.9 \
  --max-model-len 2048 \
  --dtype bfloat16 \
  --enable-prefix-caching true
