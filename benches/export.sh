#!/usr/bin/env bash
# Exporting everybody in a CSV file to a receiver that only counts, against `sqlite3 -csv | split | curl` to the same
# receiver in the same run. Ours also cleans, judges, deduplicates, records and accounts. Then the same profiles by an
# export that sends changes only and has nothing to send: processor time against that of the full run.
#
# usage: [TIER=Gold] benches/export.sh FILE.csv [LISTBRIDGE]
#
# FILE.csv has the columns EMail, FirstName and LastName, and LoyaltyTier where TIER narrows the segment: an export takes
# at most 1,000,000 profiles, a source any number. LISTBRIDGE is the program to measure, by default
# target/release/listbridge (cargo build --release). Needs sqlite3, curl and GNU time. Prints medians of three runs, taken
# in turns, and the peak resident memory of each process.
set -euo pipefail

csv=$(realpath "${1:?usage: benches/export.sh FILE.csv [LISTBRIDGE]}")
here=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${2:-$here/target/release/listbridge}")
runs=3
for tool in sqlite3 curl split /usr/bin/time "$program"; do
  command -v "$tool" >/dev/null || { echo "export.sh: $tool is missing" >&2; exit 2; }
done
receiver=$(cd "$here" && cargo bench --no-run --bench export_receiver 2>&1 | sed -n 's/.*(\(.*export_receiver[^)]*\)).*/\1/p')
receiver=$(cd "$here" && realpath "$receiver")

folder=$(mktemp -d)
export RUST_LOG=error LISTBRIDGE_DATA_DIR=$folder/data
export LISTBRIDGE_CONSTANT_CONTACT_REQUESTS_PER_SECOND=1000 LISTBRIDGE_CONSTANT_CONTACT_REQUESTS_PER_DAY=1000000
"$program" source import "$csv" --name Benchmark
sqlite3 "$folder/shell.sqlite" ".import --csv '$csv' profiles"

mkfifo "$folder/until"
"$receiver" "$folder/data" Benchmark ${TIER:+"$TIER"} <"$folder/until" >"$folder/settings" &
receiver_pid=$!
exec 3>"$folder/until" # the receiver answers until this is closed
trap 'exec 3>&-; wait "$receiver_pid" || true; rm -rf "$folder"' EXIT
until grep -q '^# ready' "$folder/settings"; do
  kill -0 "$receiver_pid" || exit 1
  sleep 0.1
done
# shellcheck source=/dev/null
. "$folder/settings"

# measure NAME COMMAND...: appends "seconds kilobytes processor-seconds" to the file of that name.
measure() {
  local name=$1
  shift
  /usr/bin/time -f '%e %M %U %S' -o "$folder/time" "$@" >"$folder/output" 2>"$folder/errors" ||
    { cat "$folder/errors" >&2; exit 1; }
  awk '{ print $1, $2, $3 + $4 }' "$folder/time" >>"$folder/$name"
}

cat >"$folder/pipeline" <<PIPELINE
set -euo pipefail
send() {
  { echo email,first_name,last_name; cat; } |
    curl -sf -o /dev/null -H "Authorization: Bearer $RECEIVER_TOKEN" \
      -F "file=@-;filename=\$1.csv;type=text/csv" -F "list_ids=$RECEIVER_LIST" \
      "$LISTBRIDGE_CONSTANT_CONTACT_API_URL/activities/contacts_file_import"
}
export -f send
sqlite3 -csv "$folder/shell.sqlite" "SELECT EMail, FirstName, LastName FROM profiles ${TIER:+WHERE LoyaltyTier = '$TIER'}" |
  split -l 39999 --filter='bash -c "send \$FILE"'
PIPELINE

for _ in $(seq "$runs"); do
  measure pipeline_times bash "$folder/pipeline"
  measure listbridge_times "$program" export run Newsletter --wait
done
cat "$folder/output"

measure remembering_times "$program" export run Changes --wait
for _ in $(seq "$runs"); do
  measure unchanged_times "$program" export run Changes --wait
done
grep -q 'Nothing to send' "$folder/output" || { cat "$folder/output" >&2; exit 1; }
for _ in $(seq "$runs"); do
  "$program" source import "$csv" --name Benchmark >/dev/null
  measure reloaded_times "$program" export run Changes --wait
done
grep -q 'Nothing to send' "$folder/output" || { cat "$folder/output" >&2; exit 1; }

median() { sort -n -k1,1 "$folder/$1" | awk -v runs="$runs" 'NR == int((runs + 1) / 2) { print $1 }'; }
peak() { awk '$2 > peak { peak = $2 } END { printf "%.1f", peak / 1024 }' "$folder/$1"; }

pipeline=$(median pipeline_times)
ours=$(median listbridge_times)
printf '%-28s %10s %12s %8s\n' 'export' 'seconds' 'peak MiB' 'ratio'
printf '%-28s %10s %12s %8s\n' 'sqlite3 | split | curl' "$pipeline" "$(peak pipeline_times)" 1.00
printf '%-28s %10s %12s %8s\n' 'listbridge export run' "$ours" "$(peak listbridge_times)" "$(awk "BEGIN { printf \"%.2f\", $ours / $pipeline }")"

processor() { sort -n -k3,3 "$folder/$1" | awk '{ all[NR] = $3 } END { print all[int((NR + 1) / 2)] }'; }
full=$(processor listbridge_times)
printf '\n%-40s %10s %12s %8s\n' 'changes only' 'CPU s' 'peak MiB' 'of full'
for line in 'full run:listbridge_times' 'first run, everybody:remembering_times' \
  'nothing changed:unchanged_times' 'nothing changed, profiles loaded again:reloaded_times'; do
  cpu=$(processor "${line#*:}")
  printf '%-40s %10s %12s %8s\n' "${line%%:*}" "$cpu" "$(peak "${line#*:}")" "$(awk "BEGIN { printf \"%.2f\", $cpu / $full }")"
done
