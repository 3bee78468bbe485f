# The parts of `build.sh test`, and the report at its end; sourced by build.sh.

LOGS=target/test
EXPORTED=target/tmp/trained-model
BROWSER_TESTS=(--test web --test kernels --test attention --test oracle)

# run_tests [PART [NAME]]: everything, or one part, or those of its tests whose names contain NAME.
run_tests() {
  case "${1:-}" in
    "" | native | wasm | js | page | train) ;;
    *) usage >&2; exit 2 ;;
  esac
  rm -rf "$LOGS"
  mkdir -p "$LOGS"
  trap 'awk -f tools/report.awk "$LOGS/output"' EXIT
  "test_${1:-all}" "${@:2}" 2>&1 | tee "$LOGS/output"
}

# Two lanes for two cores: native tests and training in one, the build and its browser tests in the other.
test_all() {
  local native status=0
  need_rust
  (test_native; train_if_due; test_trained) > "$LOGS/native" 2>&1 &
  native=$!
  # Not (…) || status=$?, where a failing command would not end the lane.
  (build; test_wasm; check_js; check_page) &
  wait $! || status=$?
  wait "$native" || status=$?
  cat "$LOGS/native"
  return "$status"
}

test_native() {
  need_rust
  if [ $# = 0 ]; then
    say "rustfmt"
    cargo fmt --all --check
    say "clippy"
    cargo clippy --locked --all-targets --all-features -- -D warnings
  fi
  say "Native tests"
  native_tests --lib --tests -- "$@"
  [ $# -gt 0 ] || cargo test --locked --doc
}

# native_tests [ARGUMENT...] -- [ARGUMENT...]: cargo test with the time of each test, an unstable option of libtest.
native_tests() {
  local host
  host="$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')"
  # Set only for the test programs: set for cargo, it would recompile the dependencies.
  env "CARGO_TARGET_${host}_RUNNER=env RUSTC_BOOTSTRAP=1" cargo test --locked "$@" -Zunstable-options --report-time
}

test_wasm() {
  need_rust
  need_chromium
  need_wasm_bindgen
  cargo_tool wasm-pack wasm-pack 0.15.1
  if [ $# = 0 ]; then
    say "clippy for the browser"
    cargo clippy --locked --target wasm32-unknown-unknown --workspace --lib "${BROWSER_TESTS[@]}" --test accuracy -- \
      -D warnings
  fi
  say "Tests in headless Chrome, with SIMD and, at the same time, without"
  local no_simd status=0
  # RUSTFLAGS replaces the flags in .cargo/config.toml. In one folder the two builds would overwrite each other's library,
  # whose file name cargo does not distinguish.
  WITHOUT_SIMD=1 RUSTFLAGS=" " CARGO_TARGET_DIR=target/no-simd browser_tests -- "$@" > "$LOGS/no-simd" 2>&1 &
  no_simd=$!
  # If one fails, the other still finishes and is reported.
  browser_tests --test accuracy -- "$@" || status=$?
  wait "$no_simd" || status=$?
  say "Without SIMD"
  cat "$LOGS/no-simd"
  return "$status"
}

# browser_tests [ARGUMENT...] -- [NAME]
browser_tests() {
  # Ten thousand positions of three models take longer than the runner's 20 seconds.
  WASM_BINDGEN_TEST_TIMEOUT=600 wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" -- \
    --locked "${BROWSER_TESTS[@]}" "$@"
}

test_js() {
  build
  check_js "$@"
}

check_js() {
  if [ $# = 0 ]; then
    say "Format and lint of the JavaScript, the CSS and the HTML"
    node_modules/.bin/biome check --error-on-warnings .
    say "Types of the JavaScript"
    node_modules/.bin/tsc --project www/tsconfig.json
    node_modules/.bin/tsc --project tools/tsconfig.json
  fi
  say "JavaScript unit tests"
  node_tests tests/js "$@"
}

test_page() {
  build
  check_page "$@"
}

check_page() {
  need_chromium
  need_headless_chromium
  say "The page in Chromium"
  node_tests tests/page "$@"
}

# node_tests FOLDER [NAME]
node_tests() {
  find "$1" -name "*.test.js" -print0 | sort -z |
    xargs -0 node --test --test-reporter=spec --test-concurrency=2 ${2:+"--test-name-pattern=$2"}
}

test_train() {
  need_torch
  say "Training a tiny model"
  "$TOOLS/train/venv/bin/python" -m unittest discover -v -s tools/train ${1:+-k "$1"}
  [ $# -gt 0 ] || training_sources > "$EXPORTED/sources.sha256"
}

# Training takes minutes, so it is skipped if the same code and data have passed on this machine.
train_if_due() {
  if [ "$(cat "$EXPORTED/sources.sha256" 2>/dev/null)" = "$(training_sources)" ]; then
    say "The training has not changed since it passed (./build.sh test train repeats it)"
  else
    test_train
  fi
}

# A digest of everything that the training reads.
training_sources() {
  find tools/train www/models/gpt2-tokenizer tests/fixtures/held_out.txt -type f -not -path "*/__pycache__/*" -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

test_trained() {
  say "The trained model in the engine"
  native_tests --test trained_model -- --ignored
}
