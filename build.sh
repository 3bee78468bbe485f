#!/usr/bin/env bash
# Builds, serves, tests and measures Write with DistilGPT2. Every step says what it does, and installs what it needs.
set -euo pipefail
here="$PWD"
cd "$(dirname "$0")"

usage() {
  cat <<'EOF'
usage: ./build.sh [COMMAND]
  build           compile the engine and put the page's parts under www/, ready to deploy (the default)
  serve [PORT]    build, then serve the page on http://localhost:PORT/ (8080 if not given)
  watch [PORT]    build and serve on port 8081, then rebuild and reload the page whenever a source file changes
  test [PART [NAME]]
                  run every check and test, or those of a PART: native, wasm, js, page or train;
                  with NAME, only the tests of this part whose names contain it
  eval [FILE...]  measure the value of the suggestions to a writer, on texts (some minutes); eval --help lists its options
  bench [ROWS]    build, then compare the engine with others in Chromium (half an hour); ROWS: a regular expression
EOF
}

TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/write-with-distilgpt2"
MODELS="$TOOLS/bench/models"
export PATH="$TOOLS/bin:$HOME/.cargo/bin:$PATH"

say() { printf '\n==> %s\n' "$*"; }
missing() { printf '\nMissing: %s\n' "$*" >&2; exit 1; }

source tools/needs.sh
source tools/tests.sh

# compile [ARGUMENT...]: cargo build of the engine for the browser.
compile() { cargo build --locked --release --target wasm32-unknown-unknown "$@"; }

# finish BUILD TARGET_DIR [FLAG...]: makes www/pkg/BUILD from the compiled engine; the flags go to wasm-opt.
finish() {
  local build="$1" compiled="$2/wasm32-unknown-unknown/release/write_with_distilgpt2.wasm" out="target/pkg/$1"
  shift 2
  [ "www/pkg/$build/engine_bg.wasm" -nt "$compiled" ] && return
  say "Writing the JavaScript of the $build build and optimising it"
  wasm-bindgen --target web --out-dir "$out" --out-name engine "$compiled"
  # Only the features that rustc uses: with --all-features, wasm-opt would use some that no browser has yet.
  node_modules/.bin/wasm-opt -O2 --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int \
    --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue "$@" \
    "$out/engine_bg.wasm" -o "$out/optimised.wasm"
  mv "$out/optimised.wasm" "$out/engine_bg.wasm"
  rm -rf "www/pkg/$build"
  mkdir -p www/pkg
  mv "$out" www/pkg/
}

build_plain() {
  say "Compiling the engine to WebAssembly"
  compile
  finish plain target
}

# Shared memory is unstable in Rust 1.95; RUSTC_BOOTSTRAP makes the stable compiler accept it.
build_threads() {
  say "Compiling it for threads, with the standard library"
  # Every thread is an instance with its own stack and thread-local storage, which wasm-bindgen sets up through these
  # exports. A shared memory is reserved at its maximum size, which costs only address space.
  local flags="-C target-feature=+simd128,+atomics,+bulk-memory,+mutable-globals" argument
  for argument in --shared-memory --import-memory --max-memory=4294967296 --export=__heap_base \
    --export=__wasm_init_tls --export=__tls_size --export=__tls_align --export=__tls_base; do
    flags+=" -C link-arg=$argument"
  done
  RUSTC_BOOTSTRAP=1 RUSTFLAGS="$flags" compile --target-dir target/threads -Z build-std=std,panic_abort
  finish threads target/threads --enable-threads
}

# The tests' reference model as the bench runs it: the same weights, candle's arithmetic.
build_candle() {
  local out=target/bench/candle
  say "Compiling candle for the bench (once, some minutes)"
  cargo build --locked --profile bench-candle --target wasm32-unknown-unknown --package bench-candle
  wasm-bindgen --target web --out-dir "$out" --out-name candle target/wasm32-unknown-unknown/bench-candle/bench_candle.wasm
}

build() {
  need_rust
  need_rust_src
  need_wasm_bindgen
  need_node
  # In parallel: each spends most of its time in one step on one core.
  build_threads &
  local threads=$!
  build_plain
  wait "$threads"
  say "Bundling the editor"
  node tools/vendor.js
  say "Rendering the model's card for the page"
  node tools/card.js
  say "Listing the page's files for its service worker"
  node tools/files.js
  say "Built: www/ can be served by any static host"
}

# evaluate [ARGUMENT...]: in the caller's folder, so that relative paths work.
evaluate() {
  need_rust
  say "Compiling the engine for this machine, then typing"
  local project="$PWD"
  (cd "$here" && RUSTFLAGS="-C target-cpu=native" cargo run --quiet --locked --release \
    --manifest-path "$project/Cargo.toml" --target-dir "$project/target/native" --features eval --bin eval -- "$@")
}

case "${1:-build}" in
  build) build ;;
  serve) build; node tools/serve.js www "${2:-8080}" ;;
  watch) build; node tools/watch.js "${2:-8081}" ;;
  test) shift; run_tests "$@" ;;
  eval) shift; evaluate "$@" ;;
  bench) need_chromium; build; build_candle; need_peers; node tools/bench/main.js "$MODELS" "${2:-}" ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit 2 ;;
esac
