#!/usr/bin/env bash
# Stage 1, supervised fine-tuning of Qwen2.5-VL with ms-swift 3.12.5: the alternative to LLaMA-Factory.
#   models/training/recipes/ms-swift/sft.sh 3b|7b lora|full [GPUs]
# from the repository's root. Options: docs/source_en/Instruction/Command-line-parameters.md of ms-swift, listed in
# ../options.json; not run by us. More options can follow the number of GPUs and win over those below.
set -euo pipefail

size=${1:?usage: sft.sh 3b|7b lora|full [GPUs] [options]}
kind=${2:?usage: sft.sh 3b|7b lora|full [GPUs] [options]}
gpus=${3:-1}
shift $(($# < 3 ? $# : 3))

case $size in
  3b) model=Qwen/Qwen2.5-VL-3B-Instruct batch=4 ;;
  7b) model=Qwen/Qwen2.5-VL-7B-Instruct batch=2 ;;
  *) echo "sft.sh: the size is 3b or 7b, not $size" >&2 && exit 2 ;;
esac
case $kind in
  lora) rate=1e-4 epochs=3 shards=zero2 aligner=true ;;
  full) rate=1e-5 epochs=2 shards=zero3 aligner=false ;;
  *) echo "sft.sh: the kind is lora or full, not $kind" >&2 && exit 2 ;;
esac
accumulation=$((64 / (gpus * batch)))
if ((accumulation * gpus * batch != 64)); then
  echo "sft.sh: 64 rows a step cannot be shared by $gpus GPUs of $batch; use 1, 2, 4 or 8" >&2 && exit 2
fi

# Version 4 calls what is trained --tuner_type; before, it was --train_type.
version=$(python3 -c 'from importlib.metadata import version; print(version("ms-swift"))' 2>/dev/null || echo 3)
tuner=--train_type
((${version%%.*} < 4)) || tuner=--tuner_type

# The largest picture that Qwen2.5-VL is shown: 1280x1024 becomes 1120x896. The same in every recipe.
export MAX_PIXELS=1003520
export NPROC_PER_NODE=$gpus

exec swift sft \
  --use_hf true \
  --check_model false \
  --model "${MODEL:-$model}" \
  --dataset run/data/ms-swift/train.jsonl \
  --val_dataset run/data/ms-swift/validation.jsonl \
  "$tuner" "$kind" \
  --torch_dtype bfloat16 \
  --attn_impl sdpa \
  --lora_rank 64 \
  --lora_alpha 128 \
  --lora_dropout 0.05 \
  --target_modules all-linear \
  --freeze_llm false \
  --freeze_vit true \
  --freeze_aligner "$aligner" \
  --max_length 2048 \
  --truncation_strategy delete \
  --strict true \
  --per_device_train_batch_size "$batch" \
  --per_device_eval_batch_size 2 \
  --gradient_accumulation_steps "$accumulation" \
  --gradient_checkpointing true \
  --learning_rate "$rate" \
  --lr_scheduler_type cosine \
  --warmup_ratio 0.03 \
  --weight_decay 0.0 \
  --max_grad_norm 1.0 \
  --num_train_epochs "$epochs" \
  --deepspeed "$shards" \
  --dataset_num_proc 8 \
  --dataloader_num_workers 4 \
  --eval_strategy steps \
  --eval_steps 250 \
  --save_strategy steps \
  --save_steps 250 \
  --save_total_limit 3 \
  --logging_steps 10 \
  --report_to tensorboard \
  --seed 42 \
  --data_seed 42 \
  --add_version false \
  --output_dir "run/sft-$size-$kind-swift" \
  "$@"
