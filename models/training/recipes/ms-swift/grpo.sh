#!/usr/bin/env bash
# Stage 2, GRPO of a merged stage-1 checkpoint with ms-swift 3.12.5, rewards from our plug-in, vLLM beside the trainer.
#   models/training/recipes/ms-swift/grpo.sh 3b|7b [GPUs] [options]
# from the repository's root. Options: docs/source_en/Instruction/Command-line-parameters.md and
# docs/source_en/Instruction/GRPO/DeveloperGuide/reward_function.md of ms-swift, listed in ../options.json; not run by
# us. For vLLM on GPUs of its own: rollout.sh, then --vllm_mode server --vllm_server_host 127.0.0.1.
set -euo pipefail

size=${1:?usage: grpo.sh 3b|7b [GPUs] [options]}
gpus=${2:-4}
shift $(($# < 2 ? $# : 2))

case $size in
  3b) batch=8 accumulation=8 share=0.3 ;;
  7b) batch=4 accumulation=16 share=0.4 ;;
  *) echo "grpo.sh: the size is 3b or 7b, not $size" >&2 && exit 2 ;;
esac

# Version 4 calls what is trained --tuner_type; before, it was --train_type.
version=$(python3 -c 'from importlib.metadata import version; print(version("ms-swift"))' 2>/dev/null || echo 3)
tuner=--train_type
((${version%%.*} < 4)) || tuner=--tuner_type

export MAX_PIXELS=1003520
export NPROC_PER_NODE=$gpus

# The batch counts answers, not questions: GPUs * batch * accumulation / 8 questions a step.
exec swift rlhf \
  --rlhf_type grpo \
  --use_hf true \
  --check_model false \
  --model "${MODEL:-run/sft-$size-merged}" \
  --model_type qwen2_5_vl \
  --dataset run/data/ms-swift-grpo/train.jsonl \
  --external_plugins models/training/plugins/swift_reward.py \
  --reward_funcs surgery_r1 \
  "$tuner" lora \
  --lora_rank 64 \
  --lora_alpha 128 \
  --lora_dropout 0.0 \
  --target_modules all-linear \
  --freeze_vit true \
  --freeze_aligner true \
  --torch_dtype bfloat16 \
  --attn_impl sdpa \
  --max_length 1792 \
  --max_completion_length 256 \
  --truncation_strategy delete \
  --num_generations 8 \
  --temperature 1.0 \
  --top_p 1.0 \
  --beta 0.001 \
  --epsilon 0.2 \
  --num_iterations 1 \
  --loss_type grpo \
  --scale_rewards group \
  --learning_rate 1e-5 \
  --lr_scheduler_type constant_with_warmup \
  --warmup_ratio 0.02 \
  --weight_decay 0.0 \
  --max_grad_norm 1.0 \
  --per_device_train_batch_size "$batch" \
  --gradient_accumulation_steps "$accumulation" \
  --gradient_checkpointing true \
  --num_train_epochs 1 \
  --deepspeed zero2 \
  --use_vllm true \
  --vllm_mode colocate \
  --vllm_gpu_memory_utilization "$share" \
  --vllm_max_model_len 2048 \
  --vllm_tensor_parallel_size 1 \
  --vllm_limit_mm_per_prompt '{"image": 1, "video": 0}' \
  --sleep_level 1 \
  --log_completions true \
  --log_entropy true \
  --logging_steps 1 \
  --save_strategy steps \
  --save_steps 50 \
  --save_total_limit 4 \
  --report_to tensorboard \
  --seed 42 \
  --data_seed 42 \
  --add_version false \
  --output_dir "run/grpo-$size-lora-swift" \
  "$@"
