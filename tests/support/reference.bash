# reference.bash - what dcdn is compared with, over the same veth pair (namespaces.bash first): an sshd of our own in the far
# namespace for rsync and scp, with a host key, a user key and a configuration that live only as long as $NET_WORK.
# Results are left in variables for those who load this file.
# shellcheck disable=SC2034
SSH_PORT=2222

# Starts sshd; $REFERENCE_SSH is the ssh command line for it.
reference_up() {
  local dir=$NET_WORK/ssh
  mkdir -m 700 "$dir"
  ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
  ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
  cp "$dir/user.pub" "$dir/authorized"
  cat >"$dir/sshd_config" <<END
Port $SSH_PORT
ListenAddress $NET_FAR_ADDRESS
HostKey $dir/host
AuthorizedKeysFile $dir/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
Subsystem sftp internal-sftp
END
  # sshd wants /run/sshd. It gets a /run of its own: ip netns exec has already given it a mount namespace of its own.
  # shellcheck disable=SC2016
  net_start far "$NET_WORK/sshd.log" bash -c \
    'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$(command -v sshd)" -D -e -f "$1"' \
    sshd "$dir/sshd_config"
  REFERENCE_SSH="ssh -F none -p $SSH_PORT -i $dir/user -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes"
  REFERENCE_SSH+=" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null"
  REFERENCE_SSH+=" -o LogLevel=ERROR"
  net_until 20 net_says "$NET_WORK/sshd.log" "Server listening" || { cat "$NET_WORK/sshd.log" >&2; return 1; }
}

# reference_rsync SSH_OPTIONS SOURCE TARGET_FOLDER: whole files, no delta, no compression.
reference_rsync() {
  # shellcheck disable=SC2086  # a command line
  net_in near ${NET_AROUND_SENDER:-} rsync -aW --rsh="$REFERENCE_SSH $1" "$2" "$NET_FAR_ADDRESS:$3"
}

# reference_scp SOURCE TARGET_FOLDER
reference_scp() {
  local words
  read -ra words <<<"${REFERENCE_SSH#ssh } -P $SSH_PORT"
  words=("${words[@]/#-p/-P}")
  # shellcheck disable=SC2086  # a command line
  net_in near ${NET_AROUND_SENDER:-} scp -q "${words[@]}" "$1" "$NET_FAR_ADDRESS:$2/"
}

# reference_uftp SOURCE TARGET_FOLDER RATE: the far end must run reference_uftpd already. RATE in kbit/s: it is told, it
# does not measure.
reference_uftp() {
  # shellcheck disable=SC2086  # a command line
  net_in near ${NET_AROUND_SENDER:-} uftp -x 1 -b 1400 -R "$3" -I near0 -M "$NET_FAR_ADDRESS" -U 0x0a4d0001 -H 0x0a4d0002 "$1"
}

# reference_uftpd TARGET_FOLDER
reference_uftpd() {
  net_start far "$NET_WORK/uftpd.log" uftpd -d -x 2 -D "$1" -I far0 -U 0x0a4d0002
  net_until 20 net_says "$NET_WORK/uftpd.log" "RSA key with"
}

# reference_tcp SOURCE TARGET_FOLDER: bytes through one TCP connection, nothing encrypted, nothing checked.
reference_tcp() {
  local target=$2/${1##*/} listener
  net_start far "$NET_WORK/socat.log" socat -b 262144 -d -d -u "TCP-LISTEN:5000,bind=$NET_FAR_ADDRESS,reuseaddr" \
    "CREATE:$target"
  listener=$NET_PID
  net_until 20 net_says "$NET_WORK/socat.log" "listening on"
  REFERENCE_BEGAN=$EPOCHREALTIME
  net_in near socat -b 262144 -u "FILE:$1" "TCP:$NET_FAR_ADDRESS:5000"
  wait "$listener"
}
