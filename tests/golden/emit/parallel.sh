#!/bin/sh
# Runs the study spread in 5 shards with GNU parallel, and merges what they leave.
# What this is given goes to parallel: sh FILE --sshlogin a,b
# What a shard has done is kept: run this again to go on; a shard that is whole ends at once.
set -eu
mkdir -p '/home/somebody/it'\''s out'
# However the shards end: the merge looks itself whether every run is there.
ended=0
seq 0 4 | parallel -q -j 33.3334% --joblog '/home/somebody/it'\''s out/spread'.joblog "$@" /usr/bin/userqsim sweep '/home/somebody/a study.json' --resume --jobs 3 --shard {}/5 --out '/home/somebody/it'\''s out/spread'.shard-{}-of-5 || ended=$?
if [ "$ended" -ne 0 ]; then
  echo "parallel ended with $ended" >&2
  awk -F '\t' 'NR > 1 && ($7 != 0 || $8 != 0) {
    printf "shard %d ended with %d, signal %d, on %s\n", $1 - 1, $7, $8, $2
  }' '/home/somebody/it'\''s out/spread'.joblog >&2 || true
fi
set --
i=0
while [ "$i" -lt 5 ]; do
  set -- "$@" '/home/somebody/it'\''s out/spread'.shard-"$i"-of-5
  i=$((i + 1))
done
/usr/bin/userqsim merge "$@" --out '/home/somebody/it'\''s out/spread'
