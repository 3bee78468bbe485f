# Installs what the steps of build.sh need; sourced by it.

need_rust() {
  command -v cargo >/dev/null || missing "Rust. Install rustup (https://rustup.rs), then run this again."
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
  command -v rustup >/dev/null || missing "Rust's target wasm32-unknown-unknown, and rustup to install it."
  say "Installing Rust's target wasm32-unknown-unknown"
  rustup target add wasm32-unknown-unknown
}

# The build with threads recompiles the standard library for shared memory.
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
  # Barely optimised, since a tool runs for seconds; in one folder, since the tools share half of their dependencies.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_TARGET_DIR="$TOOLS/target" \
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

# debian_packages SENTENCE PACKAGE...: installs them, or says what is missing where there is no apt-get.
debian_packages() {
  local sudo="" sentence="$1"
  shift
  [ "$(id -u)" = 0 ] || sudo="sudo"
  command -v apt-get >/dev/null || missing "$sentence"
  say "Installing $*"
  mkdir -p target
  (
    # Two parts of the tests may need packages at once, and apt-get does not wait.
    flock 9
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
  ) 9> target/packages.lock
}

need_chromium() {
  command -v chromium >/dev/null && command -v chromedriver >/dev/null && return
  debian_packages "Chromium and ChromeDriver on the PATH, as chromium and chromedriver." chromium chromium-driver
}

# Chromium without windows and background services: a visit takes half the time.
need_headless_chromium() {
  command -v chromium-headless-shell >/dev/null && return
  debian_packages "Chromium's headless shell on the PATH, as chromium-headless-shell." chromium-headless-shell
}

# Debian's PyTorch suffices to test the training, and is a tenth of the size of the one in requirements.txt.
# With OpenBLAS it trains four times as fast as with Debian's default library.
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
  say "Installing the packages that make their models into $TOOLS/bench/venv"
  python3 -m venv "$TOOLS/bench/venv" || missing "Python 3.11 or newer with venv (apt-get install python3-venv)."
  "$python" -m pip install --quiet --disable-pip-version-check --requirement tools/bench/requirements.txt
  say "Making the models in $MODELS (1 GB)"
  node tools/random-model.js "$MODELS/random"
  "$python" tools/bench/make_models.py "$MODELS/random" www/models/gpt2-tokenizer/tokenizer.json "$MODELS"
}

