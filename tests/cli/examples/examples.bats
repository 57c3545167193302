# Every example runs as it stands.
load ../../support/cli

setup() { setup_cli; }

examples=$(cd "$BATS_TEST_DIRNAME/../../../examples" && pwd)

@test "a tree goes onto a stick and off it without a network" {
  run -0 timeout 60 "$examples/01-no-network.sh"
  assert_output --partial "is what the field signed"
}

@test "a tree is sent, and sent again for nothing" {
  run -0 timeout 60 "$examples/02-send-a-tree.sh"
  assert_output --regexp 'second time: .*"bytes_skipped":3[0-9]{6}'
}

@test "a pipe of unknown length comes through" {
  run -0 timeout 60 "$examples/03-stream-a-pipe.sh"
  assert_output "1000000 lines came through"
}

@test "a killed sender's work is not sent again" {
  run -0 timeout 60 "$examples/04-interrupt-and-resume.sh"
  assert_output --regexp 'resumed: .*"bytes_skipped":[1-9]'
}

@test "a session is paused, let go on, interrupted and resumed by its id" {
  run -0 timeout 60 "$examples/05-pause-and-resume.sh"
  assert_output --partial " paused "
  assert_output --partial "interrupted, exit status 143"
  assert_output --regexp 'session [0-9a-f]{6} is complete'
}

@test "two places get one file in one go" {
  run -0 timeout 60 "$examples/06-several-places.sh"
  assert_output --partial "two places have it"
}

@test "a lost stick and a damaged archive are made good" {
  run -0 timeout 60 "$examples/07-three-sticks.sh"
  assert_output --partial "damaged: everything can be recovered"
  assert_output --partial "two of three sticks and a damaged archive: nothing is lost"
}

@test "a courier carries what he cannot read" {
  run -0 timeout 60 "$examples/08-a-courier-who-cannot-read.sh"
  assert_output --partial "no name in it shows"
  assert_output --partial "hq has the plans"
}

@test "tonight's dump travels as what changed since last night's" {
  run -0 timeout 60 "$examples/09-only-what-changed.sh"
  assert_output --partial "4 MB are at hq, and"
}

@test "a published file is fetched by what an older one lacks" {
  run -0 timeout 60 "$examples/10-published-file.sh"
  assert_output --partial "bytes of 3000014"
}

@test "there is a test for every example" {
  run -0 bash -c 'ls "$1"/[0-9]*.sh | wc -l' _ "$examples"
  assert_output 10
}
