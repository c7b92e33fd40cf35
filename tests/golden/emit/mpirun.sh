#!/bin/sh
# Runs the study spread in 5 shards as ranks of one MPI job, and merges what they leave.
# MPI only starts them. What this is given goes to mpirun: sh FILE --hostfile hosts
# What a shard has done is kept: run this again to go on; a shard that is whole ends at once.
set -eu
mkdir -p '/home/somebody/it'\''s out'
mpirun -np 5 --map-by slot:PE=2 "$@" sh -c '
  out=$1
  shift
  i=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}
  "$@" --shard "$i/5" --out "$out.shard-$i-of-5" || echo "shard $i ended with $?" >&2
' shard '/home/somebody/it'\''s out/spread' /usr/bin/userqsim sweep '/home/somebody/a study.json' --resume --jobs 2
set --
i=0
while [ "$i" -lt 5 ]; do
  set -- "$@" '/home/somebody/it'\''s out/spread'.shard-"$i"-of-5
  i=$((i + 1))
done
/usr/bin/userqsim merge "$@" --out '/home/somebody/it'\''s out/spread'
