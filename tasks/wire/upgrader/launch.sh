# Lays the fence on a client's system and starts the runner; sent after tasks/wire/prelude.sh, whose lock it keeps, with
# the variables run case mode (launch, resume or lift) platform_lock stages_log runner, and `set -- COMMAND…`.
# Whatever kills it, and whenever: the runner starts at most once, because it marks its start under its own lock, and
# the fence shows that a launch began.
works() { # a process of the run's session, in this boot
    set -- $(got "$j/session")
    [ "${1:-} ${2:-}" = "$(cat /proc/sys/kernel/random/boot_id) $(sed 's/.*) //' /proc/1/stat | cut -d' ' -f20)" ] || return 1
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^[0-9]* .*) //' | awk -v s="$3" '$4 == s && $1 != "Z" { n++ } END { exit !n }'
}

[ -r /proc/uptime ] || say missing /proc
for program in setsid awk; do command -v $program >/dev/null || say missing $program; done
j=$base/runs/$run
(umask 077 && mkdir -p "$j") 2>/dev/null || say unwritable "$base"
owner=$(sed -n 's/^run=//p' "$base/fence/owner" 2>/dev/null)
before=$(got "$j/launches")
ended=$(got "$j/exit")

if [ $mode = launch ] && [ -e "$j/started" ]; then say found "${before:-0}"; fi
if [ $mode != launch ]; then
    [ $mode = lift ] || [ -e "$j/started" ] || say never_started
    [ $mode = lift ] || [ -z "$ended" ] || say ended "$ended"
    if held "$j/lock" || works; then say running; fi
fi
if [ -n "$owner" ] && [ "$owner" != "$run" ] && [ "$(got "$base/runs/$owner/exit")" != 0 ]; then
    say fenced "$(tr '\n' ' ' <"$base/fence/owner")"
fi
if [ -n "$platform_lock" ] && held "$platform_lock"; then say platform_busy; fi
if [ $mode = lift ]; then
    rm -f "$base/fence/owner" "$base/fence/owner.new"
    rmdir "$base/fence" 2>/dev/null
    say lifted
fi
# One that stands is ours, or of a run that ended well, or has no name: then nothing began after it.
mkdir "$base/fence" 2>/dev/null || [ -d "$base/fence" ] || say unwritable "$base/fence"
mine=$(printf 'run=%s\ncase=%s\ntoken=%s\nmachine=%s\n' "$run" "$case" "$token" "$here")
put "$base/fence/owner" "$mine"
put "$j/owner" "$mine"
put "$j/runner" "$runner"

# The runner: no terminal, no input, no descriptor of ours.
setsid sh "$j/runner" "$base" "$run" $mode "$stages_log" "$@" </dev/null >>"$j/log" 2>&1 8>&- &
tries=0
while [ "$(got "$j/launches")" = "$before" ] || [ ! -e "$j/started" ]; do
    tries=$((tries + 1))
    [ $tries -lt 150 ] || say unclear "$(tail -n 1 "$j/log")"
    rest
done
say launched "$(got "$j/launches")"
