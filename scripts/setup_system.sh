#!/usr/bin/env bash
# Installs what the tests need beside Python packages: a browser, PortAudio and a virtual sound card.
# Without the right to install it says what to install, and fails. SYSTEM=skip leaves all this out.
set -euo pipefail

if [[ ${SYSTEM:-} == skip ]]; then
    echo "System packages: left out (SYSTEM=skip). Tests that need them are skipped."
    exit
fi
if [[ $(uname -s) != Linux ]]; then
    echo "System packages: this is not Linux. Tests that need Chromium or PulseAudio and do not find them are skipped."
    exit
fi

has() { command -v "$1" >/dev/null; }
has_library() { PATH="$PATH:/usr/sbin:/sbin" ldconfig -p | grep -q "$1"; }
has_file() { compgen -G "$1" >/dev/null; }

missing=()
has chromium || has chromium-browser || has google-chrome || missing+=(chromium fonts-liberation)
has_library libportaudio.so.2 || missing+=(libportaudio2)
has pulseaudio || missing+=(pulseaudio)
has pactl || missing+=(pulseaudio-utils)
has_file '/usr/lib*/alsa-lib/libasound_module_pcm_pulse.so' ||
    has_file '/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so' || missing+=(libasound2-plugins)
# An environment that is already there needs no Python to make it.
if [[ ! -x .venv/bin/python ]] && ! bash "$(dirname "$0")/setup_python.sh" >/dev/null 2>&1; then
    missing+=(python3 python3-venv)
fi

if ((${#missing[@]} == 0)); then
    echo "System packages: all there."
    exit
fi

if has apt-get && ((EUID == 0)); then
    as_root=()
elif has apt-get && has sudo && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    {
        echo "The tests need these system packages, which only root may install: ${missing[*]}"
        echo "On Debian and Ubuntu:  sudo apt-get install --no-install-recommends ${missing[*]}"
        echo "To run the other tests without them:  make test SYSTEM=skip"
    } >&2
    exit 1
fi

echo "System packages: installing ${missing[*]}"
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 "$@" </dev/null
}
apt_get update
apt_get install --no-install-recommends "${missing[@]}"
