#!/bin/sh
# Runs the study spread in 5 shards with GNU parallel, and merges what they leave. For other hosts give it --sshlogin.
# What a shard has done is kept: run this again to go on; a shard that is whole ends at once.
set -eu
mkdir -p '/home/somebody/it'\''s out'
seq 0 4 | parallel -q -j 2 --joblog '/home/somebody/it'\''s out/spread'.joblog /usr/bin/userqsim sweep '/home/somebody/a study.json' --resume --jobs 1 --shard {}/5 --out '/home/somebody/it'\''s out/spread'.shard-{}-of-5 ||
  echo \nset --
i=0
while [ "$i" -lt 5 ]; do
  set -- "$@" '/home/somebody/it'\''s out/spread'.shard-"$i"-of-5
  i=$((i + 1))
done
/usr/bin/userqsim merge "$@" --out '/home/somebody/it'\''s out/spread'
