# The report of build.sh test, from the output of the runners of cargo, wasm-bindgen, Node and Python.

function took(seconds, name) { times[++n_times] = sprintf("%9.1f s  %s", seconds, name) }

/^     Running / { file = $2 == "unittests" ? $3 : $2; is_browser = /\.wasm\)$/ }

# libtest: "test caret::splits ... ok <0.123s>"
/^test .*<[0-9.]+s>$/ {
  seconds = $NF
  gsub(/[<>s]/, "", seconds)
  took(seconds, file ": " $2)
}

# libtest and wasm-bindgen: "test result: ok. 5 passed; 0 failed; 1 ignored; 0 filtered out; finished in 1.23s"
/^test result: / {
  passed += $4
  failed += $6
  skipped += $8
  # wasm-bindgen does not report the time of each test.
  if (is_browser) took($NF + 0, file " in the browser")
}

# Node: "  ✔ a test (12.3ms)"; a suite's name also precedes its tests, after a "▶".
/^ *▶ / { suites[$0] = 1 }
/^ *(✔|✖) .* \([0-9.]+ms\)$/ {
  name = $0
  sub(/ \([0-9.]+ms\)$/, "", name)
  opening = name
  sub(/(✔|✖)/, "▶", opening)
  seconds = $NF
  gsub(/[()ms]/, "", seconds)
  sub(/^ *(✔|✖) /, "", name)
  if (!(opening in suites)) took(seconds / 1000, name)
}
/^ℹ pass / { passed += $3 }
/^ℹ fail / { failed += $3 }
/^ℹ skipped / { skipped += $3 }

# Python: "test_name (module.Class.test_name) ... ok"
/^test_.* ok$/ { passed += 1 }
/^test_.* (FAIL|ERROR)$/ { failed += 1 }
/^Ran [0-9]+ tests? in [0-9.]+s$/ { took($NF + 0, "tools/train: its " $2 " tests") }

END {
  print "\n==> The ten slowest"
  sort = "sort -rn | head -n 10"
  for (i = 1; i <= n_times; i++) print times[i] | sort
  close(sort)
  printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
}
