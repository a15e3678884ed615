#!/bin/sh
# Starts one child so that the next run finds it: records pid, start time and boot id durably, then becomes the command.
# usage: shim.sh RECORD_FILE COMMAND [ARGUMENT...]      exit 126/127 when the command cannot be executed
record=$1
shift
if [ -r /proc/self/stat ]; then
  read -r stat </proc/$$/stat
  nth20() { shift 19; printf '%s' "$1"; }
  # Field 22 of proc(5) stat, counted after the command name, which may hold spaces and parentheses.
  # shellcheck disable=SC2086
  start=$(nth20 ${stat##*) })
  read -r boot </proc/sys/kernel/random/boot_id
else
  start=$(LC_ALL=C ps -o lstart= -p $$)
  boot=$(sysctl -n kern.boottime)
fi
umask 077
printf '{"pid":%d,"startTime":"%s","bootId":"%s"}\n' $$ "$start" "$boot" >"$record.$$" || exit 125
sync "$record.$$" 2>/dev/null || sync
# A link, not a rename: whoever gave this start up has put a mark in the record's place, and a late shim must not pass it.
ln "$record.$$" "$record" || { rm -f "$record.$$"; exit 125; }
rm -f "$record.$$"
exec "$@"
