# What every change on a client's system begins with; sent on stdin after the lines that set its variables: base token
# machine. It is the right machine, one change of ours at a time, and nobody has come with a newer lease since. Answers
# with one line `uplift WORD …`. The lock is held (descriptor 8) until the script ends.
say() { printf 'uplift %s\n' "$*"; exit 0; }
got() { if [ -f "$1" ]; then head -n 1 "$1"; else readlink "$1"; fi 2>/dev/null; }
put() { printf '%s\n' "$2" 2>/dev/null >"$1.new" && mv -f "$1.new" "$1" || say unwritable "$1"; }
held() { [ -e "$1" ] && ! flock -n -s "$1" true; }
rest() { sleep 0.1 2>/dev/null || sleep 1; }

command -v flock >/dev/null || say missing flock
here=$(cat /etc/machine-id 2>/dev/null)
[ -z "$machine" ] || [ "$machine" = "$here" ] || say other_machine "${here:-unknown}"
(umask 077 && mkdir -p "$base") 2>/dev/null || say unwritable "$base"
exec 8>>"$base/lock" || say unwritable "$base/lock"
tries=0
until flock -n 8; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || say busy
    rest
done
seen=$(got "$base/token")
[ "${seen:-0}" -le "$token" ] || say superseded "$seen"
[ "${seen:-0}" = "$token" ] || put "$base/token" "$token"

