#!/usr/bin/env bash
# Importing a CSV file, against the sqlite3 shell's .import of the same file in the same run.
#
# usage: benches/import.sh FILE.csv [LISTBRIDGE]
#
# LISTBRIDGE is the program to measure, by default target/release/listbridge (cargo build --release).
# Needs sqlite3 and GNU time. Prints medians of three runs, taken in turns, and the peak resident memory.
set -euo pipefail

csv=${1:?usage: benches/import.sh FILE.csv [LISTBRIDGE]}
program=${2:-$(dirname "$0")/../target/release/listbridge}
runs=3
for tool in sqlite3 /usr/bin/time "$program"; do
  command -v "$tool" >/dev/null || { echo "import.sh: $tool is missing" >&2; exit 2; }
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat "$csv" >/dev/null # so that the first run reads from memory like the others

# measure NAME COMMAND...: appends "seconds kilobytes" to the file of that name.
measure() {
  local name=$1
  shift
  /usr/bin/time -f '%e %M' -o "$folder/time" "$@" >"$folder/output" 2>"$folder/errors" ||
    { cat "$folder/errors" >&2; exit 1; }
  cat "$folder/time" >>"$folder/$name"
}

for _ in $(seq "$runs"); do
  rm -rf "$folder/shell.sqlite" "$folder/data"
  measure shell sqlite3 "$folder/shell.sqlite" ".import --csv '$csv' profiles"
  LISTBRIDGE_DATA_DIR="$folder/data" RUST_LOG=error \
    measure listbridge "$program" source import "$csv" --name Benchmark
done

median() { sort -n -k1,1 "$folder/$1" | awk -v runs="$runs" 'NR == int((runs + 1) / 2) { print $1 }'; }
peak() { awk '$2 > peak { peak = $2 } END { printf "%.1f", peak / 1024 }' "$folder/$1"; }

shell=$(median shell)
ours=$(median listbridge)
cat "$folder/output"
printf '%-22s %10s %12s %8s\n' 'import' 'seconds' 'peak MiB' 'ratio'
printf '%-22s %10s %12s %8s\n' 'sqlite3 .import' "$shell" "$(peak shell)" 1.00
printf '%-22s %10s %12s %8s\n' 'listbridge' "$ours" "$(peak listbridge)" "$(awk "BEGIN { printf \"%.2f\", $ours / $shell }")"
