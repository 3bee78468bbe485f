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
  test            run every check and test
  eval [FILE...]  measure what the suggestions are worth to a writer, on texts (some minutes); eval --help has its options
  bench [ROWS]    build, then compare the engine with others in Chromium (half an hour); ROWS: a regular expression
EOF
}

TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/write-with-distilgpt2"
MODELS="$TOOLS/bench/models"
export PATH="$TOOLS/bin:$HOME/.cargo/bin:$PATH"

say() { printf '\n==> %s\n' "$*"; }
missing() { printf '\nMissing: %s\n' "$*" >&2; exit 1; }

# ---- what the steps need -------------------------------------------------------------------------------------------

need_rust() {
  command -v cargo >/dev/null || missing "Rust. Install rustup (https://rustup.rs), then run this again."
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
  command -v rustup >/dev/null || missing "Rust's target wasm32-unknown-unknown, and rustup to install it."
  say "Installing Rust's target wasm32-unknown-unknown"
  rustup target add wasm32-unknown-unknown
}

# The build with threads compiles the standard library anew, for memory that is shared.
need_rust_src() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] && return
  command -v rustup >/dev/null || missing "Rust's component rust-src, and rustup to install it."
  say "Installing Rust's component rust-src"
  rustup component add rust-src
}

# cargo_tool COMMAND CRATE VERSION: a tool of exactly this version, in a folder of its own.
cargo_tool() {
  case "$("$1" --version 2>/dev/null)" in *" $3"*) return ;; esac
  say "Installing $2 $3 into $TOOLS (once, some minutes)"
  # Barely optimised: a tool runs for seconds here, and would take minutes more to compile.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install --quiet --root "$TOOLS" --version "$3" "$2"
}

# The command-line tool must have the version of the library that Cargo.lock names.
need_wasm_bindgen() {
  local version
  version="$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)"
  cargo_tool wasm-bindgen wasm-bindgen-cli "$version"
}

need_node() {
  command -v npm >/dev/null || missing "Node.js 20 or newer with npm (apt-get install nodejs npm)."
  [ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || missing "Node.js 20 or newer; found $(node --version)."
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  say "Installing the npm packages of package-lock.json"
  npm ci --ignore-scripts --no-audit --no-fund
  touch node_modules/.package-lock.json
}

# debian_packages SENTENCE PACKAGE...: installs them, or says what is missing where there is no apt-get.
debian_packages() {
  local sudo="" sentence="$1"
  shift
  [ "$(id -u)" = 0 ] || sudo="sudo"
  command -v apt-get >/dev/null || missing "$sentence"
  say "Installing $*"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

need_chromium() {
  command -v chromium >/dev/null && command -v chromedriver >/dev/null && return
  debian_packages "Chromium and ChromeDriver on the PATH, as chromium and chromedriver." chromium chromium-driver
}

# Debian's PyTorch will do for the test of the training, and is a tenth of the size of the one that requirements.txt asks for.
# With OpenBLAS it trains four times as fast as with the library that Debian would give it.
need_torch() {
  local venv="$TOOLS/train/venv" python=/usr/bin/python3
  "$venv/bin/python" -c "import safetensors, tokenizers, tomllib, torch" 2>/dev/null && return
  "$python" -c "import ensurepip, torch" 2>/dev/null ||
    debian_packages "PyTorch 1.13 or newer for $python, with venv." python3-torch python3-venv libopenblas0
  say "Installing the tokenizer and safetensors into $venv"
  "$python" -m venv --system-site-packages "$venv"
  grep -E '^(safetensors|tokenizers)==' tools/train/requirements.txt |
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement /dev/stdin
}

# The other engines, and one model of DistilGPT2's shape in the format of each.
need_peers() {
  if [ ! tools/bench/node_modules/.package-lock.json -nt tools/bench/package-lock.json ]; then
    say "Installing the engines to compare with (650 MB)"
    npm ci --prefix tools/bench --ignore-scripts --no-audit --no-fund
    touch tools/bench/node_modules/.package-lock.json
  fi
  [ -z "$(find tools/random-model.js tools/bench/*.py tools/bench/requirements.txt -newer "$MODELS/prompts.json" 2>&1)" ] && return
  local python="$TOOLS/bench/venv/bin/python"
  say "Installing what makes their models into $TOOLS/bench/venv"
  python3 -m venv "$TOOLS/bench/venv" || missing "Python 3.11 or newer with venv (apt-get install python3-venv)."
  "$python" -m pip install --quiet --disable-pip-version-check --requirement tools/bench/requirements.txt
  say "Making the models in $MODELS (1 GB)"
  node tools/random-model.js "$MODELS/random"
  "$python" tools/bench/make_models.py "$MODELS/random" www/models/gpt2-tokenizer/tokenizer.json "$MODELS"
}

# ---- the steps -----------------------------------------------------------------------------------------------------

# compile [ARGUMENT...]: cargo build of the engine for the browser.
compile() { cargo build --locked --release --target wasm32-unknown-unknown "$@"; }

# finish BUILD TARGET_DIR [FLAG...]: makes www/pkg/BUILD of what was compiled; the flags are wasm-opt's.
finish() {
  local build="$1" compiled="$2/wasm32-unknown-unknown/release/write_with_distilgpt2.wasm" out="target/pkg/$1"
  shift 2
  [ "www/pkg/$build/engine_bg.wasm" -nt "$compiled" ] && return
  say "Writing the JavaScript of the $build build and optimising it"
  wasm-bindgen --target web --out-dir "$out" --out-name engine "$compiled"
  # What rustc uses, and no more: --all-features would write what no browser reads yet.
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

# Rust 1.95 calls shared memory unstable, so that its stable compiler has to be told that this is meant.
build_threads() {
  say "Compiling it for threads, with the standard library"
  # Every thread is an instance with a stack and thread-local storage of its own, which wasm-bindgen sets up by these
  # exports. A shared memory is reserved at its largest, which costs addresses only.
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
  # Side by side: much of both is one long step on one core.
  build_threads &
  local threads=$!
  build_plain
  wait "$threads"
  say "Bundling the editor"
  node tools/vendor.js
  say "Taking the model's card into the page"
  node tools/card.js
  say "Listing the page's files for its service worker"
  node tools/files.js
  say "Built: www/ can be served by any static host"
}

test_all() {
  need_rust
  need_chromium
  say "rustfmt"
  cargo fmt --all --check
  say "clippy"
  cargo clippy --locked --all-targets --all-features -- -D warnings
  cargo clippy --locked --target wasm32-unknown-unknown --workspace --lib --test web --test kernels --test attention --test oracle --test accuracy -- -D warnings
  say "Native tests"
  cargo test --locked
  need_torch
  say "Training a tiny model, and running it in the engine"
  "$TOOLS/train/venv/bin/python" -m unittest discover -v -s tools/train
  cargo test --locked --test trained_model -- --ignored
  build
  cargo_tool wasm-pack wasm-pack 0.15.1
  say "Tests in headless Chrome, with SIMD and, at the same time, without"
  # Ten thousand positions of three models take longer than the runner's 20 seconds.
  export WASM_BINDGEN_TEST_TIMEOUT=600
  # RUSTFLAGS takes the place of the flags in .cargo/config.toml.
  RUSTFLAGS=" " CARGO_TARGET_DIR=target/no-simd wasm_test > target/no-simd.log 2>&1 &
  local no_simd=$! status=0
  # Whichever fails, the other is waited for and told.
  wasm_test --test accuracy || status=$?
  wait "$no_simd" || status=$?
  say "Without SIMD"
  cat target/no-simd.log
  [ "$status" = 0 ]
  say "Format and lint of the JavaScript, the CSS and the HTML"
  node_modules/.bin/biome check --error-on-warnings .
  say "Types of the JavaScript"
  node_modules/.bin/tsc --project www/tsconfig.json
  node_modules/.bin/tsc --project tools/tsconfig.json
  say "JavaScript unit tests, and the page in Chromium"
  node --test --test-reporter=spec --test-concurrency=2 $(find tests/js tests/page -name "*.test.js" | sort)
}

# evaluate [ARGUMENT...]: where it was called, so that it finds the files.
evaluate() {
  need_rust
  say "Compiling the engine for this machine, then typing"
  local project="$PWD"
  (cd "$here" && RUSTFLAGS="-C target-cpu=native" cargo run --quiet --locked --release \
    --manifest-path "$project/Cargo.toml" --target-dir "$project/target/native" --features eval --bin eval -- "$@")
}

# totals LOG: one line out of what the test runners of cargo, Python and Node say.
totals() {
  awk '/^test result: / { passed += $4; failed += $6; skipped += $8 }
       /^test_.* ok$/            { passed += 1 }
       /^test_.* (FAIL|ERROR)$/  { failed += 1 }
       /^ℹ pass /        { passed += $3 }
       /^ℹ fail /        { failed += $3 }
       /^ℹ skipped /     { skipped += $3 }
       END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$1"
}

wasm_test() { wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" -- --locked --test web --test kernels --test attention --test oracle "$@"; }

case "${1:-build}" in
  build) build ;;
  serve) build; node tools/serve.js www "${2:-8080}" ;;
  test)
    mkdir -p target
    trap 'totals target/test.log' EXIT
    test_all 2>&1 | tee target/test.log
    ;;
  eval) shift; evaluate "$@" ;;
  bench) need_chromium; build; build_candle; need_peers; node tools/bench/main.js "$MODELS" "${2:-}" ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit 2 ;;
esac
