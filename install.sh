#!/bin/bash
# Installs Skein on this host, from the clone that this script is in, or brings it up to date:
#
#   ./install.sh [--listen ADDR:PORT] [--vlan-uplink NAME] [--SETTING VALUE]...
#
# Root on Debian 13. Docker, Node and whatever else is missing come from Debian. Programs go to /opt/skein with links in
# /usr/local/bin, settings (those of `skeind --help`) to /etc/default/skein, the service to systemd. May be run again.
set -euo pipefail

clone=$(cd "$(dirname "$0")" && pwd)
target=/opt/skein
settings=/etc/default/skein
unit=/etc/systemd/system/skeind.service

fail() {
  echo "Error: $*" >&2
  exit 1
}

check_host() {
  [ "$(id -u)" = 0 ] || fail 'installing needs root: run it as root'
  local id='' version=''
  id=$(sed -n 's/^ID=//p' /etc/os-release)
  version=$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)
  [ "$id" = debian ] && [ "${version:-0}" -ge 13 ] ||
    fail "this is for Debian 13 or newer, not $id $version: see 'Real hosts' in README.md for what Skein needs"
}

# `--vlan-uplink eth2` -> SKEIN_VLAN_UPLINK=eth2, as skeind reads them from its environment
read_settings() {
  while [ $# -gt 0 ]; do
    [[ $1 =~ ^--[a-z]+(-[a-z]+)*$ ]] || fail "'$1' is no setting: write --NAME VALUE, such as --listen 192.168.2.10:7373"
    [ $# -ge 2 ] || fail "$1 has no value: write $1 VALUE"
    [[ $2 =~ ^[^[:space:]\"\'\\]+$ ]] || fail "the value of $1 has blanks or quotes: edit $settings instead"
    local name=${1#--}
    name=${name//-/_}
    wanted+=("SKEIN_${name^^}=$2")
    shift 2
  done
}

is_node_new() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

missing_packages() {
  local program package
  while read -r program package; do
    command -v "$program" >/dev/null || echo "$package"
  done <<'END'
dockerd docker.io
docker docker-cli
ip iproute2
bridge iproute2
nft nftables
iptables iptables
conntrack conntrack
sysctl procps
modprobe kmod
END
  is_node_new || echo nodejs
  command -v npm >/dev/null || echo npm
  # an engine on a kernel with AppArmor does not start a container without its loader
  if grep -qs Y /sys/module/apparmor/parameters/enabled; then
    command -v apparmor_parser >/dev/null || echo apparmor
  fi
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages | sort -u)
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local policy=/usr/sbin/policy-rc.d
  # without systemd nobody would manage an engine that the package's script starts
  if ! has_systemd && [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap "rm -f $policy" EXIT
  fi
  apt-get -qq update
  apt-get -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}" >/dev/null
  hash -r
  mapfile -t missing < <(missing_packages | sort -u)
  [ ${#missing[@]} -eq 0 ] || fail "apt-get did not bring ${missing[*]}: install them by hand, then run this again"
}

has_systemd() { [ -d /run/systemd/system ]; }

# Beside what is there, and only then in its place: a build that fails changes nothing.
install_programs() {
  echo "building in $target.new"
  rm -rf $target.new
  mkdir -p $target.new
  tar -C "$clone" --exclude=./.git --exclude=./node_modules --exclude=./dist --exclude=./.cache --exclude=./.vagrant -cf - . |
    tar -C $target.new --no-same-owner -xf -
  (
    cd $target.new
    npm ci --no-audit --no-fund --loglevel=error >/dev/null
    # the clone's commit, whoever owns it
    GIT_DIR=$clone/.git GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' npm run --silent build
    npm prune --omit=dev --no-audit --no-fund --loglevel=error >/dev/null
    local file
    for file in $(ls -A); do
      case $file in
        bin | dist | docs | node_modules | package.json | LICENSE | README.md | CHANGELOG.md) ;;
        *) rm -rf "$file" ;;
      esac
    done
  )
  rm -rf $target.old
  [ ! -e $target ] || mv $target $target.old
  mv $target.new $target
  rm -rf $target.old
  local program
  for program in skein netctl skeind; do ln -sfn $target/bin/$program /usr/local/bin/$program; done
}

# What is there stays; what is named here replaces it.
write_settings() {
  [ -e $settings ] || cat >$settings <<'END'
# Settings of skeind, one SKEIN_NAME=VALUE a line: see `skeind --help`. After a change: systemctl restart skeind
END
  local line
  for line in "${wanted[@]}"; do
    sed -i "/^${line%%=*}=/d" $settings
    echo "$line" >>$settings
  done
}

write_unit() {
  mkdir -p "$(dirname $unit)"
  cat >$unit <<'END'
[Unit]
Description=Skein: Docker networks across hosts
Documentation=file:/opt/skein/README.md
Wants=network-online.target
After=network-online.target
# at its start Docker waits for the plugins of its networks
Before=docker.service

[Service]
EnvironmentFile=-/etc/default/skein
ExecStart=/usr/local/bin/skeind
Restart=always
RestartSec=1
# its data directory is damaged, or another version's: docs/reference/api.md, Errors
RestartPreventExitStatus=3 8
TimeoutStopSec=15
LimitNOFILE=65536
# None of systemd's private mounts (PrivateTmp=, ProtectSystem=, ...): the tenants' namespaces must outlive skeind.

[Install]
WantedBy=multi-user.target
END
}

start_service() {
  if ! has_systemd; then
    echo 'systemd does not run here: start skeind yourself, before dockerd'
    return
  fi
  systemctl daemon-reload
  systemctl enable --quiet skeind
  systemctl restart skeind
  systemctl is-active --quiet docker || systemctl start docker
  local try
  for try in $(seq 50); do
    skein peer ls >/dev/null 2>&1 && return
    sleep 0.2
  done
  fail 'skeind does not answer yet: see journalctl -u skeind -n 20'
}

wanted=()
check_host
read_settings "$@"
install_packages
install_programs
write_settings
write_unit
start_service
echo "skeind $(skeind --version) is installed"
echo 'next: skein peer invite on one host, skein join TOKEN on each other'
