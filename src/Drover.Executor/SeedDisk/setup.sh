# shellcheck shell=sh disable=SC2154 # url, sha256: set above it by NoCloudSeed
# Makes a guest of any distribution a Drover host: the agent first, then Docker if it is missing. Run once by cloud-init, as root.
# url and sha256 of the agent are set above. What goes wrong is told to the executor over the agent's own port.
set -u
port=/dev/virtio-ports/io.drover.agent.0
agent=/usr/local/bin/drover-agent

say() {
    echo "drover: $*"
    echo "drover: $*" >/dev/console
}

# step SENTENCE: the agent tells it while it waits for Docker
step() {
    say "$*"
    mkdir -p /run/drover && echo "$*" >/run/drover/setup
}

# give_up SENTENCE, without quotes and backslashes
give_up() {
    say "$*"
    printf '{"type":"hello","protocol":1,"version":"setup"}\n{"type":"failure","stageName":"boot","message":"%s"}\n' "$*" >"$port"
    exit 1
}

fetch() {
    if command -v curl; then
        curl -fsS --connect-timeout 15 --max-time 300 -o "$2" "$1"
    elif command -v wget; then
        wget -q -T 60 -O "$2" "$1"
    else
        python=$(command -v python3 || echo /usr/libexec/platform-python)
        "$python" -c 'import sys, urllib.request as r; open(sys.argv[2], "wb").write(r.urlopen(sys.argv[1], timeout=60).read())' "$1" "$2"
    fi >/dev/null
}

get_agent() {
    mkdir -p "${agent%/*}"
    for pause in 1 2 4 8 16 0; do
        if fetch "$url" "$agent.new"; then
            if echo "$sha256  $agent.new" | sha256sum -c - >/dev/null; then
                chmod 0755 "$agent.new" && mv "$agent.new" "$agent"
                command -v restorecon >/dev/null && restorecon "$agent"
                return
            fi
            say "the agent from $url has another SHA-256 than it should; trying again"
        else
            say "the agent cannot be fetched from $url; trying again"
        fi
        sleep "$pause"
    done
    rm -f "$agent.new"
    give_up "cloud-init in the guest could not get the agent from $url with the right SHA-256"
}

start_agent() {
    command -v systemctl >/dev/null || give_up "this image has no systemd, which the agent needs to be started by"
    cat >/etc/systemd/system/drover-agent.service <<'UNIT'
[Unit]
Description=Drover agent: makes this machine a host of its Drover server
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/local/bin/drover-agent
Restart=always
RestartSec=2
# The server has removed this host.
RestartPreventExitStatus=3

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl enable --quiet drover-agent.service
    systemctl start --no-block drover-agent.service || give_up "systemd in the guest could not start the agent"
}

install_docker() {
    if command -v apt-get; then
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends docker.io iptables ca-certificates
    elif command -v dnf; then
        dnf install -y moby-engine || dnf install -y docker
    elif command -v zypper; then
        zypper --non-interactive install docker
    elif command -v pacman; then
        pacman -Sy --noconfirm docker
    else
        return 1
    fi
}

get_agent
start_agent
if ! command -v dockerd >/dev/null; then
    step "Docker is being installed"
    for pause in 5 15 0; do
        install_docker && break
        step "Docker could not be installed by this distribution's packages; /var/log/cloud-init-output.log says why"
        sleep "$pause"
    done
fi
systemctl enable --quiet docker.service
systemctl start --no-block docker.service
