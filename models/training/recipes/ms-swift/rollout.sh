#!/usr/bin/env bash
# vLLM as a server on GPUs of its own, for `--vllm_mode server` of grpo.sh.
#   CUDA_VISIBLE_DEVICES=3 models/training/recipes/ms-swift/rollout.sh run/sft-7b-merged
# Options: docs/source_en/Instruction/Command-line-parameters.md of ms-swift 3.12.5; not run by us.
set -euo pipefail

export MAX_PIXELS=1003520
exec swift rollout \
  --model "${1:?usage: rollout.sh CHECKPOINT}" \
  --model_type qwen2_5_vl \
  --vllm_data_parallel_size 1 \
  --vllm_tensor_parallel_size 1 \
  --vllm_max_model_len 2048 \
  --vllm_gpu_memory_utilization 0.9 \
  --vllm_limit_mm_per_prompt '{"image": 1, "video": 0}' \
  --vllm_enable_lora true \
  --vllm_max_lora_rank 64
