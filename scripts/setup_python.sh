#!/usr/bin/env bash
# Prints the Python that makes the environment: 3.11 to 3.14, with venv and pip in it.
# PYTHON=/path/to/python chooses another; it has to be 3.11 or newer.
set -euo pipefail

version_fits() { "$1" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $2))" 2>/dev/null; }
# Debian keeps ensurepip, and with it pip in new environments, in a package of its own.
makes_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

if [[ -n ${PYTHON:-} ]]; then
    candidates=("$PYTHON")
    newest=99
else
    candidates=(python3 python3.13 python3.12 python3.11 python3.14 python)
    newest=14 # the newest Python that the pinned packages have wheels for
fi

incomplete=
for python in "${candidates[@]}"; do
    version_fits "$python" "$newest" || continue
    if makes_environments "$python"; then
        command -v "$python"
        exit
    fi
    incomplete=${incomplete:-$python}
done

{
    if [[ -n $incomplete ]]; then
        echo "$("$incomplete" --version) ($(command -v "$incomplete")) cannot make environments: ensurepip is missing."
        echo "On Debian and Ubuntu:  apt-get install $("$incomplete" -c \
            'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    else
        echo "Earshot needs Python 3.11 to 3.14; none of these is one: ${candidates[*]}."
        echo "On Debian 12 and Ubuntu 24.04:  apt-get install python3 python3-venv"
        echo "If you have one elsewhere, name it:  make PYTHON=/path/to/python3.12 ..."
    fi
} >&2
exit 1
