#!/usr/bin/env bash
# Builds what Binder would build, in a clean root, and runs a tutorial there as Binder would run it.
#
#   sudo tests/binder/try.sh [-w FOLDER] [NOTEBOOK…]        (default: notebooks/00-start.ipynb)
#
# 1. repo2docker reads binder/ (--no-build) and its answer is looked at.
# 2. mmdebstrap makes a Debian root with python and the packages of apt.txt. Debian's names stand in for Ubuntu's:
#    the newest openjdk-N-jdk-headless there is for the one named; Debian's Python for repo2docker's conda environment.
# 3. As uid 1000: an environment with JupyterLab, then binder/postBuild, with the network and 2 GiB.
# 4. Without the network, with 2 GiB, one core and 64 MB of /dev/shm: JupyterLab through binder/start, and beside it
#    each notebook through the kernel that postBuild gave to that JupyterLab.
#
# Needs root, mmdebstrap, unshare, taskset and a writable memory control group (version 1 or 2). FOLDER (default: a new one,
# removed at the end) keeps the root for a second try; everything that is mounted is mounted in a namespace of its own.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LIMIT_BYTES=$((2 << 30))
REPO2DOCKER=jupyter-repo2docker==2026.4.0
HOME_INSIDE=/home/jovyan
PREFIX=/srv/notebook
BASE_PACKAGES=python3,python3-venv,ca-certificates

say() { printf '%s\n' "$*" >&2; }
die() {
    say "try.sh: $*"
    exit 1
}
# The time a part took, for the last lines.
TIMES=()
timed() {
    local what=$1 start=$SECONDS
    shift
    say "· $what"
    "$@"
    TIMES+=("$(printf '%5d s  %s' $((SECONDS - start)) "$what")")
}

WORK='' KEEP=''
while getopts w: option; do
    case $option in
        w) WORK=$OPTARG KEEP=yes ;;
        *) die "usage: try.sh [-w FOLDER] [NOTEBOOK…]" ;;
    esac
done
shift $((OPTIND - 1))
[[ $# -gt 0 ]] || set -- notebooks/00-start.ipynb
[[ $(id -u) == 0 ]] || die "a root is made and entered, which only root may"
for tool in mmdebstrap unshare taskset setpriv ip; do
    command -v "$tool" >/dev/null || die "$tool is missing (Debian: apt-get install mmdebstrap util-linux iproute2)"
done
WORK=$(mkdir -p "${WORK:=$(mktemp -d)}" && cd "$WORK" && pwd -P)
ROOT=$WORK/root

# --- 1. what repo2docker makes of binder/ -------------------------------------------------------

read_by_repo2docker() {
    [[ -x $WORK/repo2docker/bin/repo2docker ]] || {
        python3 -m venv "$WORK/repo2docker"
        "$WORK/repo2docker/bin/pip" install --quiet "$REPO2DOCKER"
    }
    local wanted log=$WORK/repo2docker.log
    "$WORK/repo2docker/bin/repo2docker" --no-build --debug --user-id 1000 --user-name jovyan \
        --Repo2Docker.default_buildpack=None "$WORK/checkout" >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
    for wanted in 'py\(-\|-2d\)3\(\.\|-2e\)12' 'binder/postBuild' 'R2D_ENTRYPOINT' $(<"$REPO/binder/apt.txt"); do
        grep -q -- "$wanted" "$log" || die "repo2docker's Dockerfile does not speak of $wanted (see $log)"
    done
}

# --- 2. and 3. the image ------------------------------------------------------------------------

# The packages of apt.txt, by the names this Debian has.
packages() {
    local name newest
    newest=$(apt-cache pkgnames openjdk- | grep -E '^openjdk-[0-9]+-jdk-headless$' | sort -t- -k2 -n | tail -n 1)
    while read -r name; do
        [[ $name == openjdk-*-jdk-headless && -n $newest ]] && ! apt-cache show "$name" >/dev/null 2>&1 && name=$newest
        printf ',%s' "$name"
    done <"$REPO/binder/apt.txt"
}

make_root() {
    local suite
    # shellcheck disable=SC1091
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mmdebstrap --quiet --mode=root --variant=minbase --include="$BASE_PACKAGES$(packages)" "$suite" "$ROOT.new" "${SOURCES[@]}"
    echo "jovyan:x:1000:1000::$HOME_INSIDE:/bin/bash" >>"$ROOT.new/etc/passwd"
    mkdir -p "$ROOT.new/srv" "$ROOT.new$HOME_INSIDE"
    chmod 1777 "$ROOT.new/tmp"
    mv "$ROOT.new" "$ROOT"
}
# What this machine installs from is what the root is made from.
SOURCES=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [[ -s $file ]] && SOURCES+=("$file")
done

# inside NETWORK COMMAND…: as uid 1000 in the root, in its own mounts and processes, with `host` or `none` as its network.
inside() {
    local network=$1
    shift
    local namespaces=(--mount --pid --fork --kill-child)
    [[ $network == host ]] || namespaces+=(--net)
    # shellcheck disable=SC2016  # read by the inner shell
    unshare "${namespaces[@]}" bash -euc '
        root=$1 network=$2 home=$3 prefix=$4
        shift 4
        mount -t proc proc "$root/proc"
        mkdir -p "$root/dev/shm" && mount -t tmpfs -o size=64m,mode=1777 shm "$root/dev/shm"
        mkdir -p "$root/sys" && mount --rbind /sys "$root/sys"
        [[ $network == host ]] || ip link set lo up
        exec chroot "$root" /usr/bin/setpriv --reuid 1000 --regid 1000 --clear-groups env -i \
            HOME="$home" USER=jovyan NB_USER=jovyan REPO_DIR="$home" LANG=C.UTF-8 PATH="$prefix/bin:/usr/bin:/bin" \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            MEM_LIMIT="$MEM_LIMIT" CPU_LIMIT="$CPU_LIMIT" bash -euc "cd \"\$HOME\"; exec \"\$@\"" - "$@"
    ' - "$ROOT" "$network" "$HOME_INSIDE" "$PREFIX" "$@"
}
export MEM_LIMIT=$LIMIT_BYTES CPU_LIMIT=1

# The names and certificates by which this machine reaches the registries.
lend_network() {
    cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/"
    rm -rf "$ROOT/etc/ssl/certs"
    cp -rL /etc/ssl/certs "$ROOT/etc/ssl/certs"
    [[ ! -f /etc/pip.conf ]] || cp /etc/pip.conf "$ROOT/etc/pip.conf"
}

copy_checkout() {
    rm -rf "$WORK/checkout"
    mkdir -p "$WORK/checkout"
    (cd "$REPO" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --ignore-failed-read -c) |
        tar -x -C "$WORK/checkout"
}

make_environment() {
    rm -rf "$ROOT$PREFIX" "$ROOT$HOME_INSIDE"
    mkdir -p "$ROOT$PREFIX" "$ROOT$HOME_INSIDE"
    cp -r "$WORK/checkout/." "$ROOT$HOME_INSIDE/"
    chown -R 1000:1000 "$ROOT$PREFIX" "$ROOT$HOME_INSIDE"
    inside host bash -euc "python3 -m venv $PREFIX && $PREFIX/bin/pip install --quiet --no-cache-dir 'jupyterlab==4.*'"
}

# --- 4. a session -------------------------------------------------------------------------------

# A group of 2 GiB below this shell's own; sets GROUP and what is read from it.
make_group() {
    if [[ -f /sys/fs/cgroup/cgroup.controllers ]] && grep -qw memory /sys/fs/cgroup/cgroup.subtree_control; then
        GROUP=/sys/fs/cgroup/shardlab-binder-$$ VERSION=2
        mkdir "$GROUP"
        echo "$LIMIT_BYTES" >"$GROUP/memory.max"
        [[ ! -f $GROUP/memory.swap.max ]] || echo 0 >"$GROUP/memory.swap.max"
    elif [[ -d /sys/fs/cgroup/memory ]]; then
        GROUP=/sys/fs/cgroup/memory/shardlab-binder-$$ VERSION=1
        mkdir "$GROUP"
        echo "$LIMIT_BYTES" >"$GROUP/memory.limit_in_bytes"
    else
        die "there is no memory control group to limit the session with"
    fi
}

# What cannot be given back: heaps, stacks and shared memory, without the cache of files.
in_use() {
    if [[ $VERSION == 2 ]]; then
        awk '$1 == "anon" || $1 == "shmem" { sum += $2 } END { print sum + 0 }' "$GROUP/memory.stat"
    else
        awk '$1 == "total_rss" || $1 == "total_shmem" { sum += $2 } END { print sum + 0 }' "$GROUP/memory.stat"
    fi
}

kills() {
    if [[ $VERSION == 2 ]]; then sed -n 's/^oom_kill //p' "$GROUP/memory.events"; else sed -n 's/^oom_kill //p' "$GROUP/memory.oom_control"; fi
}

# Watches until the process ends; prints the most bytes in use.
watch() {
    local most=0 now
    while kill -0 "$1" 2>/dev/null; do
        now=$(in_use)
        ((now > most)) && most=$now
        sleep 0.2
    done
    echo "$most" >"$WORK/most"
}

# held COMMAND…: on $CORE alone where that is set, in a group of its own with 2 GiB, watched; says how it ended and what it took.
held() {
    local status=0
    make_group
    (
        echo "$BASHPID" >"$GROUP/cgroup.procs"
        [[ -z $CORE ]] || taskset -pc "$CORE" "$BASHPID" >/dev/null
        "$@"
    ) &
    local running=$!
    watch "$running"
    wait "$running" || status=$?
    say "  exit status $status, most memory in use $(($(<"$WORK/most") >> 20)) MiB of $((LIMIT_BYTES >> 20)) MiB," \
        "$(kills) processes killed for lack of it (control group version $VERSION)"
    rmdir "$GROUP" && GROUP=''
    return "$status"
}

# The server that Binder's proxy would speak to, and the notebook beside it in a client of its own; all on one core.
session() {
    local notebook=$1 status=0 CORE
    CORE=$(taskset -pc $$ | sed 's/.*: //; s/[,-].*//')
    # shellcheck disable=SC2016
    held inside none binder/start bash -euc '
        jupyter lab --no-browser --port=8888 --IdentityProvider.token=none >/tmp/server.log 2>&1 &
        server=$!
        python3 - <<"WAIT"
import time, urllib.request
for attempt in range(300):
    try:
        urllib.request.urlopen("http://127.0.0.1:8888/api").read()
        break
    except OSError:
        time.sleep(0.2)
else:
    raise SystemExit("JupyterLab did not answer: " + open("/tmp/server.log").read())
WAIT
        status=0
        jupyter nbconvert --to notebook --execute --ExecutePreprocessor.timeout=600 --output /tmp/executed "$1" 2>/tmp/run.log ||
            { status=$?; tail -n 40 /tmp/run.log >&2; }
        kill $server
        exit $status' - "$notebook" || status=$?
    say "  on core $CORE alone, by taskset"
    cp "$ROOT/tmp/executed.ipynb" "$WORK/$(basename "$notebook")" 2>/dev/null || true
    return "$status"
}

GROUP='' CORE=''
clean_up() {
    [[ -z $GROUP ]] || rmdir "$GROUP" 2>/dev/null || say "still there: $GROUP"
    [[ -n $KEEP ]] || rm -rf --one-file-system "$WORK"
}
trap clean_up EXIT

copy_checkout
timed "repo2docker reads binder/" read_by_repo2docker
[[ -d $ROOT ]] || timed "a clean root with python and apt.txt" make_root
lend_network
timed "an environment with JupyterLab" make_environment
timed "binder/postBuild" held inside host ./binder/postBuild
for notebook in "$@"; do
    timed "session: $notebook" session "$notebook"
done
say "size of the checkout as built: $(du -shx "$ROOT$HOME_INSIDE" | cut -f1), of the whole root: $(du -shx "$ROOT" | cut -f1)"
printf '%s\n' "${TIMES[@]}" >&2
