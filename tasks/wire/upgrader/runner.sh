# Uplift's runner on a client's system, in POSIX shell: sh runner BASE RUN MODE STAGES_LOG COMMAND…
# It is the leader of a session of its own, its output is the run's log, and nothing here has a time limit.
# Journal of the run: session, launches, started, stages (epoch uptime stage), heartbeat (uptime), exit; and its lock.
trap '' HUP
base=$1 run=$2 mode=$3 stages_log=$4
shift 4
j=$base/runs/$run
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
cd /

uptime_s() { cut -d' ' -f1 /proc/uptime; }
got() { if [ -f "$j/$1" ]; then cat "$j/$1"; else readlink "$j/$1"; fi 2>/dev/null; }
put() { # whole or not at all; on a full disk as a link, whose text needs no block
    printf '%s\n' "$2" 2>/dev/null >"$j/.$1" && [ "$(cat "$j/.$1")" = "$2" ] && mv -f "$j/.$1" "$j/$1" && return
    rm -f "$j/.$1"
    ln -s "$2" "$j/$1" 2>/dev/null
}
mirror() { # what the platform's own list of stages has more than ours
    [ -f "$stages_log" ] || return 0
    have=$(wc -l 2>/dev/null <"$j/stages" || echo 0)
    tail -n "+$((have + 1))" "$stages_log" | while read -r line; do
        printf '%s %s %s\n' "$(date +%s)" "$(uptime_s)" "${line##* }" >>"$j/stages"
    done
}
watch() { # ends with its runner, at once when told to, and leaves no process behind
    trap 'kill $rest 2>/dev/null; exit' TERM
    while kill -0 $$ 2>/dev/null; do
        put heartbeat "$(uptime_s)"
        mirror
        sleep 1 &
        rest=$!
        wait $rest
    done
}

exec 9>>"$j/lock" || exit 74
tries=0
until flock -n 9; do # who looks at the state holds it for a moment
    tries=$((tries + 1))
    [ $tries -lt 50 ] || exit 75
    sleep 0.1 2>/dev/null || sleep 1
done
{ [ ! -e "$j/exit" ] && [ ! -L "$j/exit" ]; } || exit 76
[ "$mode" = resume ] || [ ! -e "$j/started" ] || exit 76
boot="$(cat /proc/sys/kernel/random/boot_id) $(sed 's/.*) //' /proc/1/stat | cut -d' ' -f20)"
put session "$boot $$"
printf '%4096s' '' >"$j/reserve" # room for the last words on a full disk
put launches "$(($(got launches || echo 0) + 1))"
put started "$(uptime_s)"
[ -e "$j/started" ] || exit 74
sync "$j/started" "$j" 2>/dev/null || sync

(exec 9>&- && watch) & # some shells would keep a copy of the lock otherwise
watcher=$!
"$@" 9>&-
code=$?
kill $watcher 2>/dev/null
wait $watcher 2>/dev/null
rm -f "$j/reserve"
mirror
put exit $code
sync "$j/exit" "$j" 2>/dev/null || sync
if [ $code = 0 ] && [ "$(sed -n 's/^run=//p' "$base/fence/owner")" = "$run" ]; then
    rm -f "$base/fence/owner" && rmdir "$base/fence"
fi
exit $code
