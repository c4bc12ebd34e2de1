#!/bin/sh
# The Autobahn test suite as a fuzzing client against `netlab serve --app echo`: cases 1 to 13, none
# of which may fail. Run by `make conformance`; the report of every case goes to AUTOBAHN_DIR.
#   NETLAB=path/of/netlab Tests/Conformance/autobahn.sh ['1.*' '12.1.*' ...]
# The suite is written in Python 2.7, which distributions no longer carry: it is looked for as
# python2.7 or pypy, in PYTHON27, and among pyenv's versions (`pyenv install 2.7.18`).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
netlab=${NETLAB:?set NETLAB to the binary to test}
netlab=$(cd "$(dirname "$netlab")" && pwd)/$(basename "$netlab")
dir=${AUTOBAHN_DIR:-$root/.build/autobahn}
venv=$root/.venv/autobahn

python27() {
  for one in "${PYTHON27:-}" python2.7 pypy "$HOME"/.pyenv/versions/2.7*/bin/python; do
    # A shim of pyenv stands in PATH for versions that are not chosen: asking is the only way to know.
    if [ -n "$one" ] && "$one" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null
    then
      command -v "$one"
      return
    fi
  done
  echo "netlab: the Autobahn suite needs Python 2.7 (pyenv install 2.7.18), or PYTHON27=its path" >&2
  return 1
}

if [ ! -x "$venv/bin/wstest" ]; then
  python=$(python27)
  [ -x "$root/.venv/bin/python" ] || python3 -m venv "$root/.venv"
  # The last virtualenv that makes environments for Python 2.7.
  "$root/.venv/bin/pip" install --quiet virtualenv==20.21.1
  "$root/.venv/bin/virtualenv" --quiet --python "$python" "$venv"
  "$venv/bin/pip" install --quiet --no-python-version-warning autobahntestsuite==25.10.1
fi

rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
"$netlab" serve --app echo --bind 127.0.0.1:0 >served.txt 2>served.log &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
port=$(python3 "$here/served_port.py" served.txt)
[ $# -gt 0 ] || set -- '1.*' '2.*' '3.*' '4.*' '5.*' '6.*' '7.*' '9.*' '10.*' '12.*' '13.*'
python3 "$here/autobahn.py" spec "ws://127.0.0.1:$port/echo" "$@" >spec.json
"$venv/bin/wstest" -m fuzzingclient -s spec.json >wstest.log 2>&1
# What a failed case left behind is the server's business too: it must still be there.
kill -0 $server
python3 "$here/autobahn.py" verdict reports/index.json
