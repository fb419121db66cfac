#!/usr/bin/env bash
# Stage 2, GRPO of a merged stage-1 checkpoint with verl 0.6.0: FSDP, vLLM rollouts, our reward function.
#   models/training/recipes/verl/grpo.sh 3b|7b [GPUs] [overrides]
# from the repository's root. Hydra overrides of verl/trainer/config/ppo_trainer.yaml, each checked against
# _generated_ppo_trainer.yaml at commit b2df6f8, docs/examples/config.rst, docs/advance/ppo_lora.rst and
# docs/preparation/reward_function.rst (pages in ../options.json); not run by us.
set -euo pipefail

size=${1:?usage: grpo.sh 3b|7b [GPUs] [overrides]}
gpus=${2:-4}
shift $(($# < 2 ? $# : 2))

case $size in
  3b) micro=8 share=0.4 ;;
  7b) micro=4 share=0.5 ;;
  *) echo "grpo.sh: the size is 3b or 7b, not $size" >&2 && exit 2 ;;
esac

# Batch sizes count questions here: 32 questions, 8 answers each, one update a step.
exec python3 -m verl.trainer.main_ppo \
  algorithm.adv_estimator=grpo \
  algorithm.norm_adv_by_std_in_grpo=true \
  algorithm.use_kl_in_reward=false \
  data.train_files=run/data/verl/train.parquet \
  data.val_files=run/data/verl/validation.parquet \
  data.prompt_key=prompt \
  data.image_key=images \
  data.train_batch_size=32 \
  data.max_prompt_length=1792 \
  data.max_response_length=256 \
  data.filter_overlong_prompts=true \
  data.truncation=error \
  data.shuffle=true \
  custom_reward_function.path=models/training/plugins/verl_reward.py \
  custom_reward_function.name=compute_score \
  actor_rollout_ref.model.path="${MODEL:-run/sft-$size-merged}" \
  actor_rollout_ref.model.use_remove_padding=true \
  actor_rollout_ref.model.enable_gradient_checkpointing=true \
  actor_rollout_ref.model.lora_rank=64 \
  actor_rollout_ref.model.lora_alpha=128 \
  actor_rollout_ref.model.target_modules=all-linear \
  "actor_rollout_ref.model.exclude_modules='.*visual.*'" \
  actor_rollout_ref.actor.strategy=fsdp2 \
  actor_rollout_ref.actor.optim.lr=1e-5 \
  actor_rollout_ref.actor.optim.lr_warmup_steps=10 \
  actor_rollout_ref.actor.optim.weight_decay=0.0 \
  actor_rollout_ref.actor.grad_clip=1.0 \
  actor_rollout_ref.actor.ppo_mini_batch_size=32 \
  actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu="$micro" \
  actor_rollout_ref.actor.ppo_epochs=1 \
  actor_rollout_ref.actor.clip_ratio=0.2 \
  actor_rollout_ref.actor.loss_agg_mode=seq-mean-token-mean \
  actor_rollout_ref.actor.use_kl_loss=true \
  actor_rollout_ref.actor.kl_loss_coef=0.001 \
  actor_rollout_ref.actor.kl_loss_type=low_var_kl \
  actor_rollout_ref.actor.entropy_coeff=0 \
  actor_rollout_ref.actor.fsdp_config.param_offload=false \
  actor_rollout_ref.actor.fsdp_config.optimizer_offload=false \
  actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu="$micro" \
  actor_rollout_ref.ref.fsdp_config.param_offload=true \
  actor_rollout_ref.rollout.name=vllm \
  actor_rollout_ref.rollout.n=8 \
  actor_rollout_ref.rollout.temperature=1.0 \
  actor_rollout_ref.rollout.top_p=1.0 \
  actor_rollout_ref.rollout.load_format=safetensors \
  actor_rollout_ref.rollout.tensor_model_parallel_size=1 \
  actor_rollout_ref.rollout.gpu_memory_utilization="$share" \
  actor_rollout_ref.rollout.max_model_len=2048 \
  actor_rollout_ref.rollout.enforce_eager=false \
  actor_rollout_ref.rollout.free_cache_engine=true \
  actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu="$micro" \
  trainer.critic_warmup=0 \
  trainer.logger='["console"]' \
  trainer.project_name=surgery-r1 \
  trainer.experiment_name="grpo-$size" \
  trainer.default_local_dir="run/grpo-$size-verl" \
  trainer.n_gpus_per_node="$gpus" \
  trainer.nnodes=1 \
  trainer.val_before_train=true \
  trainer.test_freq=25 \
  trainer.save_freq=50 \
  trainer.max_actor_ckpt_to_keep=4 \
  trainer.resume_mode=auto \
  trainer.total_epochs=1 \
  "$@"
