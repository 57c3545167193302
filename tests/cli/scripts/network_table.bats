# scripts/network_table: what it makes of results that are known.
load ../../support/cli

setup() {
  setup_cli
  table=$BATS_TEST_DIRNAME/../../../scripts/network_table
  mkdir results
  columns='row what seed bytes bits_per_s loss rtt_ms up_s down_s limit_s status done_bytes began opened verified ended'
  columns+=' link_began sent sent_bytes dropped mean_queue_ms'
}

# result ROW FIELD...: a line of ROW.tsv.
result() {
  [[ -e results/$1.tsv ]] || tr ' ' '\t' <<<"$columns" >"results/$1.tsv"
  tr ' ' '\t' <<<"$*" >>"results/$1.tsv"
}

@test "shares are of what the link carries, by session and by command" {
  # 8 MB at 10 Mbit/s and 20 % loss are 8 s at best.
  result loss-20 dcdn 1 8000000 10000000 0.2 200 0 0 50 'done' 8000000 100 101 111 112 99 1000 10500000 20 3
  result loss-20 scp 1 8000000 10000000 0.2 200 0 0 50 unfinished 4000000 100 - - 150 99 1000 9000000 0 0
  run -0 "$table" results
  [[ $output =~ dcdn\ +0.800\ +0.667\ +1.050\ +2.00\ %\ +12.0\ s\;\ asked\ 0.90:\ missed ]]
  [[ $output =~ scp\ +-\ +0.080\ +0.900\ +0.00\ %\ +unfinished\ in\ 50\ s,\ 50\ %\ done ]]
  grep -q '<svg' results/shares.svg
}

@test "outages do not count" {
  # 8 s up, 5 s down: the 13 seconds from second 0 of the link are 8.
  result flapping dcdn 1 9000000 10000000 0 200 8 5 50 'done' 9000000 100 100 113 113 100 1000 10000000 0 0
  run -0 "$table" results
  [[ $output =~ dcdn\ +0.900\ +0.900 ]]
  [[ $output == *reached* ]]
}

@test "what arrived damaged is worth nothing, and no results are an error" {
  result loss-0 dcdn 1 8000000 10000000 0 200 0 0 50 damaged 8000000 100 101 111 112 99 1000 8500000 0 0
  run -0 "$table" results
  [[ $output =~ 0.000.*damaged ]]
  mkdir empty
  run -1 "$table" empty
}

@test "--markdown: a line for each link, who did not finish in parentheses" {
  result loss-20 dcdn-auto 1 8000000 10000000 0.2 200 0 0 50 'done' 8000000 100 101 111 112 99 1000 10500000 20 3
  result loss-20 scp 1 8000000 10000000 0.2 200 0 0 50 unfinished 4000000 100 - - 150 99 1000 9000000 0 0
  run -0 "$table" results --markdown
  [[ ${lines[0]} == '| link | dcdn | scp |' ]]
  [[ ${lines[2]} == '| 10 Mbit/s, 200 ms, loss 20 % | 0.67 | (0.08) |' ]]
}
