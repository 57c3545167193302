# Each file operation of a program fails once, is the last before a kill, or the last before a power cut: a sample here,
# all of them with FAULTS_SAMPLE=0 (scripts/test --faults). See walk.py.

bats_require_minimum_version 1.5.0

# Sessions take their time: without FAULTS_SAMPLE three kinds of fault are enough.
session() {
  [[ -n ${FAULTS_SAMPLE:-} ]] || local FAULTS_ONLY=(--fault fail:EIO --fault kill-after --fault cut-before)
  walk "$1"
}

walk() {
  local seed=${FAULTS_SEED:-$RANDOM}
  run python3 "$BATS_TEST_DIRNAME/walk.py" --seed "$seed" --sample "${FAULTS_SAMPLE:-1}" "${FAULTS_ONLY[@]}" "$@"
  echo "$output"
  # A walk that counts nothing proves nothing.
  [[ $status -eq 0 && $output =~ $1:\ [1-9][0-9]*\ operations,\ [1-9][0-9]*\ runs,\ 0\ not\ right ]]
}

@test "unpack: nothing half, nothing lost" { walk unpack; }
@test "unpack --overwrite over another tree" { walk unpack-overwrite; }
@test "unpack --overwrite --allow-delete of a tree that was delivered before" { walk unpack-again; }
@test "unpack small files, several to a chunk" { walk unpack-small; }
@test "unpack --overwrite over older small files" { walk unpack-small-overwrite; }
@test "unpack --rename beside somebody's tree" { walk unpack-rename; }
@test "unpack --skip, where some of it is there" { walk unpack-skip; }
@test "unpack many objects of one small file" { walk unpack-objects; }
@test "a receiver of many small objects" { session receive-objects; }
@test "a sender of many small objects" { session send-objects; }
@test "a receiver of a session" { session receive; }
@test "a receiver of a session with --overwrite" { session receive-overwrite; }
@test "a receiver of small files, several to a chunk" { session receive-small; }
@test "a receiver of small files with --overwrite over older ones" { session receive-small-overwrite; }
@test "a receiver of a session with --rename" { session receive-rename; }
@test "a sender" { session send; }
@test "a sender that sends again" { session send-again; }
@test "reading what is sent" { session send-reading; }
@test "dcdn-delta patch" { walk patch; }
@test "dcdn-delta patch --overwrite" { walk patch-overwrite; }
@test "dcdn-fec encode" { walk fec-encode; }
@test "dcdn-fec decode" { walk fec-decode; }
@test "dcdn-fec repair" { walk fec-repair; }
@test "dcdn-fec split" { walk fec-split; }
@test "dcdn-fec split --overwrite" { walk fec-split-overwrite; }
@test "dcdn-delta signature" { walk signature; }
@test "dcdn-delta delta" { walk delta; }
@test "dcdn-delta make" { walk make; }
@test "dcdn-delta apply" { walk apply; }
@test "dcdn-delta assemble --overwrite" { walk assemble-overwrite; }
@test "dcdn-delta patch, where a file cannot be without a name" { walk patch-beside; }
@test "dcdn-delta patch --overwrite, where a file cannot be without a name" { walk patch-overwrite-beside; }
@test "dcdn-sign sign --detached, where a file cannot be without a name" { walk sign-detached-beside; }
@test "dcdn-sign trust import" { walk trust-import; }
@test "dcdn-sign keygen, the first key" { walk keygen-first; }
@test "dcdn-sign keygen, one more" { walk keygen; }
@test "dcdn-sign sign --detached" { walk sign-detached; }
@test "dcdn-sign sign --detached --overwrite" { walk sign-detached-overwrite; }
@test "dcdn-sign trust add" { walk trust-add; }
@test "dcdn-sign rotate" { walk rotate; }
@test "dcdn-sign verify of a stream that says what became of a key" { walk learn; }
@test "dcdn-sign revoke" { walk revoke; }

@test "a walk tells of a program that loses what it said was done" {
  cat > "$BATS_TEST_TMPDIR/careless.py" <<'PYTHON'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1))
import scenarios, walk
class Careless(scenarios.Output):
    made, expected = "copy", "original"
    words = ("../../../bin/cp", "original", "copy")
    def prepare(self, top):
        scenarios.put(f"{top}/original", b"x" * 100)
    def run(self, top, fault):
        import subprocess
        return subprocess.run(["cp", "original", "copy"], cwd=top, env=self.tools.environment(top, "home", fault),
                              stderr=subprocess.DEVNULL).returncode == 0
    again = lambda self, top: self.run(top, None)
scenarios.ALL["careless"] = Careless
sys.exit(walk.main())
PYTHON
  run -1 python3 "$BATS_TEST_TMPDIR/careless.py" "$BATS_TEST_DIRNAME" \
    --shim "${DCDN_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/fault_shim.so" careless
  [[ $output == *"cut-at-end"*"copy is not there"* && $output == *"kill-after"*"copy is not right"* ]]
}
