#!/bin/bash
# Run a pipeline on several machines of a Slurm cluster: a Ray cluster inside one Slurm job.
#
#   sbatch --nodes=4 --gpus-per-node=8 --cpus-per-task=64 --time=24:00:00 docs/how-to/slurm.sh paper jgan
#
# The project's folder, with its environment in .venv, must lie on a file system that all machines see
# under the same path. Submit it again when the time is over: finished trainings are taken as they are,
# and others go on after their last checkpoint.
#SBATCH --job-name=gan_repro
#SBATCH --ntasks-per-node=1
#SBATCH --output=slurm-%j.log
set -euo pipefail

scale=${1:?"usage: sbatch [options] $0 SCALE PIPELINES"}
pipelines=${2:?"usage: sbatch [options] $0 SCALE PIPELINES"}
project=${GAN_REPRO_PROJECT:-$SLURM_SUBMIT_DIR}
cpus=${SLURM_CPUS_PER_TASK:?"ask for processors with --cpus-per-task"}
gpus=${SLURM_GPUS_ON_NODE:-0}
port=$((20000 + SLURM_JOB_ID % 20000)) # two jobs that share a machine must not meet

cd "$project"
# shellcheck disable=SC1091
source .venv/bin/activate
export RAY_USAGE_STATS_ENABLED=0
export RAY_worker_niceness=0 # Ray's 15 would all but stop trainings beside anything else
export GAN_REPRO_STATE=${GAN_REPRO_STATE:-$project/.state}

mapfile -t machines < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${machines[0]}
address=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}')
export RAY_ADDRESS=$address:$port

start() { # MACHINE, and what `ray start` needs besides: one process a machine, for as long as the job
    local machine=$1
    shift
    srun --nodes=1 --ntasks=1 --nodelist="$machine" --overlap \
        env -u RAY_ADDRESS ray start --block --num-cpus="$cpus" --num-gpus="$gpus" "$@" &
}

# all machines must see one token, as they do where home folders are shared
[[ -s ~/.ray/auth_token ]] || ray get-auth-token --generate > /dev/null || true # older ones have none
start "$head" --head --node-ip-address="$address" --port="$port" --include-dashboard=false
until ray status > /dev/null 2>&1; do sleep 2; done
for machine in "${machines[@]:1}"; do
    start "$machine" --address="$RAY_ADDRESS"
done

# machines that are late are used from when they come
kedro run --env "$scale" --pipelines "$pipelines" --runner gan_repro.runners.RayRunner
