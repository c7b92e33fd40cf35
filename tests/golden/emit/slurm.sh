#!/bin/sh
# Runs the study spread in 5 shards as a Slurm array, and merges what they leave.
# Submit it with: sh FILE
# What a shard has done is kept: run this again to go on; a shard that is whole ends at once.
set -eu
mkdir -p '/home/somebody/it'\''s out'
array=$(sbatch --parsable --output='/home/somebody/it'\''s out/spread'.slurm-%A_%a.log <<'SHARD'
#!/bin/sh
#SBATCH --job-name=userqsim-spread
#SBATCH --array=0-4%2
#SBATCH --cpus-per-task=2
#SBATCH --time=2
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
# A minute before the limit the sweep is told, writes what it has, and ends; it can be gone on with.
i=$SLURM_ARRAY_TASK_ID
exec /usr/bin/userqsim sweep '/home/somebody/a study.json' --resume --jobs 2 --shard "$i/5" --out '/home/somebody/it'\''s out/spread'.shard-"$i"-of-5
SHARD
)
# However the shards ended: the merge looks itself whether every run is there.
sbatch --parsable --dependency=afterany:"$array" --output='/home/somebody/it'\''s out/spread'.slurm-%j-merge.log <<'MERGE'
#!/bin/sh
#SBATCH --job-name=userqsim-spread-merge
#SBATCH --time=10
set --
i=0
while [ "$i" -lt 5 ]; do
  set -- "$@" '/home/somebody/it'\''s out/spread'.shard-"$i"-of-5
  i=$((i + 1))
done
exec /usr/bin/userqsim merge "$@" --out '/home/somebody/it'\''s out/spread'
MERGE
