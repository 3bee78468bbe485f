#!/usr/bin/env bash
# Builds, serves, tests and measures Write with DistilGPT2. Every step says what it does, and installs what it needs.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'EOF'
usage: ./build.sh [COMMAND]
  build         compile the engine and put the page's parts under www/, ready to deploy (the default)
  serve [PORT]  build, then serve the page on http://localhost:PORT/ (8080 if not given)
  test          run every check and test
  bench         build, then measure a DistilGPT2-shaped model in Chromium
EOF
}

TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/write-with-distilgpt2"
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

# cargo_tool COMMAND CRATE VERSION: a tool of exactly this version, in a folder of its own.
cargo_tool() {
  case "$("$1" --version 2>/dev/null)" in *" $3"*) return ;; esac
  say "Installing $2 $3 into $TOOLS (once, some minutes)"
  cargo install --quiet --root "$TOOLS" --version "$3" "$2"
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

need_chromium() {
  command -v chromium >/dev/null && command -v chromedriver >/dev/null && return
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  command -v apt-get >/dev/null || missing "Chromium and ChromeDriver on the PATH, as chromium and chromedriver."
  say "Installing chromium and chromium-driver"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver
}

# ---- the steps -----------------------------------------------------------------------------------------------------

build() {
  need_rust
  need_wasm_bindgen
  need_node
  say "Compiling the engine to WebAssembly"
  cargo build --locked --release --target wasm32-unknown-unknown
  local compiled=target/wasm32-unknown-unknown/release/write_with_distilgpt2.wasm
  if [ ! www/pkg/engine_bg.wasm -nt "$compiled" ]; then
    say "Writing its JavaScript and optimising it"
    wasm-bindgen --target web --out-dir target/pkg --out-name engine "$compiled"
    # What rustc uses, and no more: --all-features would write what no browser reads yet.
    node_modules/.bin/wasm-opt -O2 --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int \
      --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue \
      target/pkg/engine_bg.wasm -o target/pkg/optimised.wasm
    mv target/pkg/optimised.wasm target/pkg/engine_bg.wasm
    rm -rf www/pkg
    mv target/pkg www/pkg
  fi
  say "Bundling the editor"
  node tools/vendor.js
  say "Built: www/ can be served by any static host"
}

test_all() {
  need_rust
  need_chromium
  say "rustfmt"
  cargo fmt --check
  say "clippy"
  cargo clippy --locked --all-targets -- -D warnings
  cargo clippy --locked --target wasm32-unknown-unknown --lib --test web --test kernels -- -D warnings
  say "Native tests"
  cargo test --locked
  build
  cargo_tool wasm-pack wasm-pack 0.15.1
  say "Tests in headless Chrome, with SIMD"
  wasm_test
  say "Tests in headless Chrome, without SIMD"
  # RUSTFLAGS takes the place of the flags in .cargo/config.toml.
  RUSTFLAGS=" " CARGO_TARGET_DIR=target/no-simd wasm_test
  say "Types of the JavaScript"
  node_modules/.bin/tsc --project www/tsconfig.json
  node_modules/.bin/tsc --project tools/tsconfig.json
  say "JavaScript unit tests, and the page in Chromium"
  node --test --test-reporter=spec --test-concurrency=1 tests/js/*.test.js tests/page/*.test.js
}

# totals LOG: one line out of the closing lines of cargo's and Node's test runners.
totals() {
  awk '/^test result: / { passed += $4; failed += $6; skipped += $8 }
       /^ℹ pass /        { passed += $3 }
       /^ℹ fail /        { failed += $3 }
       /^ℹ skipped /     { skipped += $3 }
       END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$1"
}

wasm_test() { wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" -- --locked --test web --test kernels; }

case "${1:-build}" in
  build) build ;;
  serve) build; node tools/serve.js www "${2:-8080}" ;;
  test)
    mkdir -p target
    trap 'totals target/test.log' EXIT
    test_all 2>&1 | tee target/test.log
    ;;
  bench) need_chromium; build; node tools/bench.js ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit 2 ;;
esac
