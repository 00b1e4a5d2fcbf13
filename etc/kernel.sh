#!/bin/sh
# Starts the kernel with a heap that fits where it runs: kernel.sh COMMAND…
# SHARDLAB_KERNEL_MEMORY says how much (256m, 1g). Without it an eighth of what this session may use, from 220 to 512 MB: the
# machine's memory, the control group's limit (v1, v2 and the groups above it) or MEM_LIMIT, the smallest counts.
set -u

proc=${SHARDLAB_PROC:-/proc}
groups=${SHARDLAB_CGROUPS:-/sys/fs/cgroup}
bytes=$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' "$proc/meminfo" 2>/dev/null)
bytes=${bytes:-4294967296}

# Takes a limit in bytes that is smaller; "max" and other words are none. Awk, because v1 writes numbers beyond a shell's.
at_most() {
    found=$(awk -v now="$bytes" -v limit="$1" 'BEGIN { print (limit ~ /^[0-9]+$/ && limit > 0 && limit + 0 < now + 0) ? limit : now }') &&
        bytes=$found
}

at_most "${MEM_LIMIT:-none}"
group=$(awk -F: '$2 == "" || $2 ~ /(^|,)memory(,|$)/ { print $3; exit }' "$proc/self/cgroup" 2>/dev/null)
while :; do
    for file in "$groups$group/memory.max" "$groups/memory$group/memory.limit_in_bytes"; do
        [ -r "$file" ] && at_most "$(cat "$file")"
    done
    case $group in */*) group=${group%/*} ;; *) break ;; esac
done

heap=$((bytes / 8 / 1048576))
[ "$heap" -lt 220 ] && heap=220
[ "$heap" -gt 512 ] && heap=512
JJAVA_JVM_OPTS="-Xmx${SHARDLAB_KERNEL_MEMORY:-${heap}m} ${JJAVA_JVM_OPTS:-}"
export JJAVA_JVM_OPTS
exec "$@"
