# kills.bash - a transfer whose ends are killed (-9) at chosen points and started again (namespaces.bash first).
#
# Points are counts of bytes that the near end has put on the wire: they fall where they fall whatever the machine does
# meanwhile.
# Results are left in variables for those who load this file.
# shellcheck disable=SC2034

# kills_points COUNT BYTES SEED: COUNT points, ascending, one a line; none in the last eighth, which is over before a busy
# machine looks.
kills_points() {
  local i
  RANDOM=$3
  for ((i = 0; i < $1; ++i)); do echo $(((RANDOM * 32768 + RANDOM) * ($2 / 1024 * 7 / 8) / 1048576)); done | sort -n
}

# kills_most_bytes SIZE COUNT: what a transfer of SIZE with COUNT kills may put on the wire: 1.05 x size + 4 MiB a kill.
kills_most_bytes() { echo $(($1 * 105 / 100 + $2 * 4194304)); }

kills_past() { [[ $(($(net_sent_bytes) - KILLS_BEFORE)) -ge $1 ]] || net_ended "$NET_SENDER"; }

# kills_run FILE TARGET_FOLDER COUNT SEED RATE: alternately kills the sender and the receiver, begun with the sender.
# KILLS_SENT: bytes on the wire in all. False if an end failed otherwise than by a kill.
kills_run() {
  local file=$1 target=$2 count=$3 seed=$4 rate=$5 point victim=sender
  KILLS_BEFORE=$(net_sent_bytes)
  net_receiver --once -o "$target"
  net_sender "$NET_WORK/sender.log" --rate "$rate" "$file"
  for point in $(kills_points "$count" "$(stat -c %s "$file")" "$seed"); do
    net_until 120 kills_past "$point" || { kills_explain; return 1; }
    ! net_ended "$NET_SENDER" || { echo "the sender ended before point $point" >&2; kills_explain; return 1; }
    if [[ $victim == sender ]]; then
      net_end "$NET_SENDER" KILL
      net_sender "$NET_WORK/sender.log" --rate "$rate" "$file"
      victim=receiver
    else
      net_end "$NET_RECEIVER" KILL
      net_receiver --once -o "$target"
      victim=sender
    fi
  done
  net_result "$NET_SENDER" 120 || { kills_explain; return 1; }
  net_result "$NET_RECEIVER" || { kills_explain; return 1; }
  NET_RECEIVER=
  KILLS_SENT=$(($(net_sent_bytes) - KILLS_BEFORE))
}

kills_explain() { tail -n 5 "$NET_WORK/sender.log" "$NET_WORK/receiver.log" >&2; }
