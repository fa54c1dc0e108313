# Sourced by the other scripts: goes to the checkout, makes its virtual environment where there is none
# or where requirements.lock or pyproject.toml changed, and sets $python to its interpreter.
# The environment is .venv, or $TAXI_QA_VENV. uv is used where present, plain pip otherwise.

cd "$(dirname "$0")/.."
venv=${TAXI_QA_VENV:-$PWD/.venv}
case $venv in /*) ;; *) venv=$PWD/$venv ;; esac
python=$venv/bin/python

say() { echo "${0##*/}: $*" >&2; }

# The first Python of 3.11 or newer that really starts (a version manager's stand-in may not).
find_python() {
    for name in python3.13 python3.12 python3.11 python3 python; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

has_uv() { [ -z "${TAXI_QA_NO_UV:-}" ] && uv --version >/dev/null 2>&1; }

make_environment() {
    if has_uv; then
        say "making $venv with uv"
        [ -x "$python" ] || uv venv --quiet --allow-existing --python "$(find_python || echo 3.13)" "$venv"
        uv pip install --quiet --python "$python" -r requirements.lock
        uv pip install --quiet --python "$python" --no-deps --no-build-isolation -e .
    else
        say "making $venv with pip (takes a few minutes the first time)"
        if [ ! -x "$python" ]; then
            base=$(find_python) || { say "needs Python 3.11 or newer on the path, or uv"; exit 2; }
            "$base" -m venv "$venv"
        fi
        "$python" -m pip install --quiet --disable-pip-version-check -r requirements.lock
        "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    fi
}

stamp=$venv/.taxi-qa-stamp
wanted=$(cat requirements.lock pyproject.toml | cksum)
if [ ! -x "$python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    make_environment
    echo "$wanted" >"$stamp"
fi
