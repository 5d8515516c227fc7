"""Tools that appear in helpers' command lines, and the words that decide whether they end. Data only.

From the tools' manual pages and help texts. A tool is listed only if its behaviour is the same in the usual versions;
one whose configuration file decides (nginx without `daemon off;`) says UNKNOWN, and so does every tool that is not
here. What needs more than a table (`sleep`, `nc`, `python -m`) is in `processes`.
"""

from typing import NamedTuple

from sidecarify.commands.model import Lifetime

_FOREVER, _ENDS, _UNKNOWN = Lifetime.FOREVER, Lifetime.ENDS, Lifetime.UNKNOWN


class Tool(NamedTuple):
    """How long a tool runs.

    `ends` and `forever` are words of the command line that settle it, looked at in this order; `otherwise` holds if
    none is there. A word that starts with `-` is an option: `-f` also matches in a cluster (`-lf`), `--watch` also
    `--watch=x` but not `--watch=false`. Any other entry is one or more operands in a row (`s3 cp`). `first` restricts
    operands to the first one, for tools whose operands are free text.
    """

    otherwise: Lifetime
    ends: tuple[str, ...] = ()
    forever: tuple[str, ...] = ()
    first: bool = False


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _tool(otherwise: Lifetime, *, ends: str = "", forever: str = "", first: bool = False) -> Tool:
    """A tool from two lists that are separated by commas."""
    return Tool(otherwise, _entries(ends), _entries(forever), first)


def _entries(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


# Ends when its work is done, whatever the options.
ONE_SHOT = _names("""
    (( : [ [[ ab addgroup adduser age alembic alias ansible ansible-playbook apk apt apt-get aria2c arp arping atlas
    awk axel az azcopy b2sum base32 base64 basename bc bg bunzip2 bzip2 cal cd certbot chattr chcon chgrp chmod
    chown chpasswd cksum clickhouse-backup cmp comm composer cosign cp cpio cqlsh crane createdb csplit curl cut
    date dbmate dd declare df diff dig dirname dnf dockerize dropdb du echo egrep envsubst expand export expr factor
    false fdisk fgrep file find flyway fold free ftp gawk gcloud gem getconf getent getfacl getopts git-lfs goose
    gpg grep groupadd groups grpc_health_probe grpcurl gsutil gunzip gzip hash head helm hexdump hey host hostid
    hostname htpasswd iconv id influx initdb install ip ip6tables iptables iptables-legacy iptables-nft
    iptables-restore iptables-save istio-iptables jobs join jq k6 keytool kill killall killall5 kubeconform kubeseal
    kustomize lego let lftp linkerd2-proxy-init liquibase ln local locale logger logname logrotate ls lsattr lsblk
    lsof lz4 lzma mail mariadb-admin mariadb-dump mawk md5sum microdnf migrate mkdir mkfifo mkfs mknod mktemp
    modprobe mongodump mongoexport mongoimport mongorestore mount mountpoint msmtp mv mydumper myloader mysqladmin
    mysqlcheck mysqldump mysqlimport netstat nft nl nmap nodetool nproc nslookup nsupdate numfmt od oras passwd
    paste patch pathchk pg_archivecleanup pg_basebackup pg_controldata pg_dump pg_dumpall pg_isready pg_repack
    pg_restore pg_rewind pgbench pgrep pidof pip pip3 pkill popd pr printenv printf proxy-init ps psql pt-archiver
    pushd pwd pwdx rdbtools read readarray readlink readonly realpath redis-benchmark reindexdb rename renice return
    rm rmdir route run-parts runlevel s3cmd s4cmd s5cmd scp sed sendmail seq set setfacl sftp sha1sum sha224sum
    sha256sum sha384sum sha512sum shift shopt shred shuf skopeo sops sort split sqlite3 sqlx ss ssh-add ssh-agent
    ssh-keygen ssh-keyscan stat strings stty sum swapoff swapon sync sysctl tac tar tee telnet terraform test tofu
    touch tput tr tracepath traceroute true truncate tsort tty type typeset ulimit umask umount unalias uname
    unexpand uniq unlink unset unxz unzip unzstd update-ca-certificates update-ca-trust uptime useradd usermod users
    uuidgen vacuumdb vdir vegeta wait-for wait-for-it wait4x wc wg wg-quick wget which who whoami xargs xbstream xxd
    xz yq yum zcat zip zstd zypper
""")

# Stays in the foreground until it is stopped, whatever the operands.
DAEMONS = _names("""
    alertmanager amazon-cloudwatch-agent apache2-foreground argocd-cmp-server aws-sigv4-proxy awscollector bird6
    blackbox_exporter buildkitd cadvisor chisel configmap-reload consul-dataplane containerboot coredns csi-attacher
    csi-node-driver-registrar csi-provisioner csi-resizer csi-snapshotter daphne daprd dcgm-exporter
    dockerd-entrypoint.sh frps go-crond grafana-server http-echo http-server httpd-foreground hypercorn jaeger-agent
    jaeger-all-in-one jaeger-collector jaeger-query json-server kube-rbac-proxy kube-state-metrics kubelet
    linkerd2-proxy livenessprobe louketo-proxy lsyncd metrics-server mongos mysqld_safe named-foreground
    nginx-prometheus-exporter node_exporter nodemon oauth-proxy oauth2-proxy pause pgcat pomerium process-exporter
    puma pushgateway pyroscope redis-sentinel reflex rest-server rootlesskit runsv runsvdir s6-svscan sidekiq
    spiffe-helper start-amazon-cloudwatch-agent statsd_exporter td-agent td-agent-bit traefik-forward-auth uvicorn
    valkey-sentinel waitress-serve watchexec yacron zipkin
""")

TOOLS: dict[str, Tool] = {
    "cat": _tool(_ENDS),
    "tail": _tool(_ENDS, forever="-f, -F, --follow, --retry"),
    "yes": _tool(_FOREVER),
    "watch": _tool(_FOREVER, ends="-g, --chgexit, -e, --errexit"),
    "ping": _tool(_FOREVER, ends="-c, -w"),
    "ping6": _tool(_FOREVER, ends="-c, -w"),
    "inotifywait": _tool(_ENDS, ends="-d, --daemon, -t, --timeout", forever="-m, --monitor"),
    "inotifyd": _tool(_FOREVER),
    "fswatch": _tool(_FOREVER, ends="-1, --one-event"),
    "entr": _tool(_UNKNOWN, forever="-r, -n"),
    "journalctl": _tool(_ENDS, forever="-f, --follow"),
    "dmesg": _tool(_ENDS, forever="-w, --follow"),
    "tcpdump": _tool(_FOREVER, ends="-c, -W, -r, -D, -d"),
    "tshark": _tool(_FOREVER, ends="-c, -r, -D, -a"),
    "top": _tool(_FOREVER, ends="-n"),
    "ssh": _tool(_UNKNOWN, ends="-f, -V", forever="-N"),
    "autossh": _tool(_FOREVER, ends="-f, -V"),
    "sshd": _tool(_UNKNOWN, ends="-t, -T", forever="-D"),
    "rsync": _tool(_ENDS, forever="--no-detach"),
    "crond": _tool(_ENDS, forever="-f, -n, -d, -x"),
    "cron": _tool(_ENDS, forever="-f"),
    "incrond": _tool(_ENDS, forever="-n, --foreground"),
    "atd": _tool(_UNKNOWN, forever="-f"),
    "syslogd": _tool(_ENDS, forever="-n"),
    "rsyslogd": _tool(_ENDS, forever="-n"),
    "syslog-ng": _tool(_UNKNOWN, ends="-s, --syntax-only, -V", forever="-F, --foreground"),
    "klogd": _tool(_ENDS, forever="-n"),
    "httpd": _tool(_ENDS, ends="-t, -v, -V, -k stop", forever="-DFOREGROUND, FOREGROUND, -DNO_DETACH, NO_DETACH, -X"),
    "apache2": _tool(_ENDS, ends="-t, -v", forever="-DFOREGROUND, FOREGROUND, -DNO_DETACH, NO_DETACH, -X"),
    "apachectl": _tool(_ENDS, forever="-DFOREGROUND, FOREGROUND"),
    "apache2ctl": _tool(_ENDS, forever="-DFOREGROUND, FOREGROUND"),
    "lighttpd": _tool(_ENDS, ends="-t, -tt", forever="-D"),
    "php-fpm": _tool(_UNKNOWN, ends="-t, -D, --daemonize, -v", forever="-F, --nodaemonize"),
    "nginx": _tool(_UNKNOWN, ends="-s, -t, -T, -v, -V"),
    "openresty": _tool(_UNKNOWN, ends="-s, -t, -T, -v, -V"),
    "haproxy": _tool(_FOREVER, ends="-c, -D, -v, -vv"),
    "traefik": _tool(_FOREVER, ends="version, healthcheck", first=True),
    "caddy": _tool(
        _UNKNOWN,
        ends="start, stop, reload, validate, fmt, adapt, version, hash-password",
        forever="run, file-server, reverse-proxy, respond",
        first=True,
    ),
    "envoy": _tool(_FOREVER, ends="--mode validate, --mode=validate, validate"),
    "varnishd": _tool(_ENDS, ends="-C, -V", forever="-F"),
    "squid": _tool(_UNKNOWN, ends="-k, -z, -v", forever="-N, --foreground"),
    "stunnel": _tool(_UNKNOWN),
    "dnsmasq": _tool(_UNKNOWN, ends="--test", forever="-k, --keep-in-foreground, -d, --no-daemon"),
    "unbound": _tool(_UNKNOWN, forever="-d"),
    "named": _tool(_ENDS, ends="-v, -V", forever="-g, -f"),
    "keepalived": _tool(_ENDS, ends="-t, --config-test", forever="-n, --dont-fork"),
    "openvpn": _tool(_FOREVER, ends="--daemon, --genkey, --show-ciphers"),
    "fluent-bit": _tool(_FOREVER, ends="-D, --dry-run, -V, -J, -h, -S, --sosreport"),
    "fluentd": _tool(_FOREVER, ends="-d, --daemon, --dry-run, --setup, -s"),
    "filebeat": _tool(_FOREVER, ends="setup, test, export, keystore, enroll, modules, version, generate", first=True),
    "metricbeat": _tool(_FOREVER, ends="setup, test, export, keystore, modules, version", first=True),
    "packetbeat": _tool(_FOREVER, ends="setup, test, export, keystore, version, devices", first=True),
    "heartbeat": _tool(_FOREVER, ends="setup, test, export, keystore, version", first=True),
    "auditbeat": _tool(_FOREVER, ends="setup, test, export, keystore, version, show", first=True),
    "journalbeat": _tool(_FOREVER, ends="setup, test, export, keystore, version", first=True),
    "elastic-agent": _tool(_UNKNOWN, ends="enroll, install, status, version", forever="run, container", first=True),
    "logstash": _tool(_UNKNOWN, ends="-t, --config.test_and_exit, -V"),
    "vector": _tool(
        _FOREVER, ends="validate, test, generate, list, graph, vrl, convert-config, help, --version", first=True
    ),
    "promtail": _tool(
        _FOREVER, ends="-version, --version, -check-syntax, --check-syntax, -dry-run, --dry-run, -stdin, --stdin"
    ),
    "alloy": _tool(_UNKNOWN, ends="fmt, convert, tools, validate", forever="run", first=True),
    "grafana-agent": _tool(_UNKNOWN, forever="run"),
    "agent": _tool(_UNKNOWN),
    "grafana": _tool(_UNKNOWN, ends="cli", forever="server", first=True),
    "telegraf": _tool(_FOREVER, ends="--once, --test, config, version, --input-list"),
    "collectd": _tool(_ENDS, ends="-t, -T", forever="-f"),
    "statsd": _tool(_FOREVER),
    "prometheus": _tool(_FOREVER, ends="--version"),
    "promtool": _tool(_ENDS),
    "thanos": _tool(
        _UNKNOWN, ends="tools, check", forever="sidecar, query, store, receive, rule, ruler, query-frontend", first=True
    ),
    "jmx_exporter": _tool(_FOREVER),
    "redis-server": _tool(_FOREVER, ends="--daemonize yes, --version, -v"),
    "valkey-server": _tool(_FOREVER, ends="--daemonize yes, --version, -v"),
    "redis-cli": _tool(
        _ENDS, forever="monitor, MONITOR, subscribe, SUBSCRIBE, psubscribe, PSUBSCRIBE, --latency, --stat", first=True
    ),
    "valkey-cli": _tool(_ENDS, forever="monitor, MONITOR, subscribe, SUBSCRIBE, psubscribe, PSUBSCRIBE", first=True),
    "memcached": _tool(_FOREVER, ends="-d, -V, -h"),
    "mongod": _tool(_FOREVER, ends="--fork, --shutdown, --repair"),
    "mysql": _tool(_ENDS),
    "mariadb": _tool(_ENDS),
    "mongo": _tool(_ENDS),
    "mongosh": _tool(_ENDS),
    "pg_receivewal": _tool(_FOREVER, ends="--create-slot, --drop-slot"),
    "pg_recvlogical": _tool(_UNKNOWN, ends="--create-slot, --drop-slot", forever="--start"),
    "pg_ctl": _tool(_ENDS),
    "rabbitmq-server": _tool(_FOREVER, ends="-detached"),
    "rabbitmqctl": _tool(_ENDS),
    "pgbouncer": _tool(_FOREVER, ends="-d, --daemon, -V, --version"),
    "proxysql": _tool(_UNKNOWN, forever="-f, --foreground"),
    "etcd": _tool(_FOREVER, ends="--version"),
    "etcdctl": _tool(_ENDS, forever="watch, elect, lock", first=True),
    "consul": _tool(_ENDS, forever="agent, watch, monitor, connect envoy, connect proxy", first=True),
    "consul-template": _tool(_FOREVER, ends="-dry, -v, -version"),
    "vault": _tool(_ENDS, forever="agent, server, proxy, monitor", first=True),
    "bao": _tool(_ENDS, forever="agent, server, proxy, monitor", first=True),
    "git-sync": _tool(_FOREVER, ends="--version, --man"),
    "git": _tool(_ENDS, forever="daemon, instaweb", first=True),
    "cloud_sql_proxy": _tool(_FOREVER, ends="-version, --version"),
    "cloud-sql-proxy": _tool(_FOREVER, ends="shutdown, wait, completion, help", first=True),
    "cloudflared": _tool(
        _UNKNOWN,
        ends=(
            "version, update, service, tunnel list, tunnel create, tunnel info, tunnel login, tunnel "
            "delete, tunnel route"
        ),
        forever="tunnel, proxy-dns, access tcp",
        first=True,
    ),
    "opa": _tool(
        _UNKNOWN,
        ends="eval, exec, test, check, bench, build, deps, fmt, inspect, parse, refactor, sign, version",
        forever="run --server, run -s, serve",
        first=True,
    ),
    "dockerd": _tool(_FOREVER, ends="--validate, --version"),
    "docker": _tool(
        _UNKNOWN,
        ends=(
            "system prune, image prune, volume prune, builder prune, container prune, pull, push, "
            "build, buildx build, tag, login, logout, cp, rm, rmi, stop, kill, info, version, ps, "
            "images, inspect, save, load, system df, network create"
        ),
        forever="events, stats, logs -f, logs --follow",
        first=True,
    ),
    "buildctl": _tool(_ENDS),
    "trivy": _tool(_ENDS, forever="server", first=True),
    "kubectl": _tool(
        _ENDS, ends="rollout, wait", forever="-w, --watch, port-forward, proxy, --follow, logs -f, attach", first=True
    ),
    "oc": _tool(_ENDS, ends="rollout, wait", forever="-w, --watch, port-forward, proxy, --follow, logs -f", first=True),
    "calico": _tool(_UNKNOWN, ends="component cni install, component node init"),
    "aws": _tool(_ENDS, forever="logs tail --follow, ssm start-session"),
    "mc": _tool(_ENDS, forever="-w, --watch, watch, admin trace, admin logs", first=True),
    "rclone": _tool(
        _UNKNOWN,
        ends=(
            "--daemon, copy, copyto, copyurl, sync, move, moveto, bisync, delete, deletefile, purge, "
            "mkdir, rmdir, rmdirs, check, checksum, ls, lsd, lsf, lsl, lsjson, cat, rcat, size, "
            "about, config, version, cleanup, dedupe, hashsum, md5sum, sha1sum, touch, tree, archive, "
            "rc, obscure, listremotes, settier, link"
        ),
        forever="mount, mount2, cmount, nfsmount, serve, rcd",
        first=True,
    ),
    "restic": _tool(_ENDS, forever="mount", first=True),
    "borg": _tool(_ENDS, forever="serve, mount", first=True),
    "kopia": _tool(_ENDS, forever="server, mount", first=True),
    "wal-g": _tool(_ENDS, forever="wal-receive, daemon", first=True),
    "pgbackrest": _tool(_ENDS, forever="server", first=True),
    "barman-cloud-backup": _tool(_ENDS),
    "velero": _tool(_ENDS, forever="server, node-agent", first=True),
    "litestream": _tool(_ENDS, forever="replicate", first=True),
    "minio": _tool(_UNKNOWN, forever="server, gateway", first=True),
    "s3fs": _tool(_ENDS, forever="-f, -d"),
    "goofys": _tool(_ENDS, forever="-f"),
    "gcsfuse": _tool(_ENDS, forever="--foreground, -foreground"),
    "sshfs": _tool(_ENDS, forever="-f, -d"),
    "mount-s3": _tool(_ENDS, forever="-f, --foreground"),
    "openssl": _tool(_ENDS, forever="s_server, ocsp -port", first=True),
    "npm": _tool(_UNKNOWN, ends="ci, install, i, update, audit, pack, publish, version", first=True),
    "yarn": _tool(_UNKNOWN, ends="install, add, audit", first=True),
    "go": _tool(_UNKNOWN, ends="build, test, install, mod, version, vet, get", first=True),
    "flask": _tool(_UNKNOWN, ends="db, routes, shell", forever="run", first=True),
    "celery": _tool(_UNKNOWN, ends="inspect, status, purge, call, control", forever="worker, beat, flower", first=True),
    "rails": _tool(_UNKNOWN, ends="db:migrate, runner", forever="server, s", first=True),
    "uwsgi": _tool(_FOREVER, ends="--stop, --reload, --daemonize, -d, --version"),
    "streamlit": _tool(_UNKNOWN, forever="run", first=True),
    "jupyter": _tool(_UNKNOWN, ends="nbconvert", forever="lab, notebook, server", first=True),
    "monit": _tool(_UNKNOWN, forever="-I"),
    "s6-svc": _tool(_ENDS),
    "supervisorctl": _tool(_ENDS),
    "pilot-agent": _tool(
        _UNKNOWN,
        ends="wait, request, istio-iptables, istio-clean-iptables, version",
        forever="proxy, status",
        first=True,
    ),
    "contour": _tool(
        _UNKNOWN, ends="bootstrap, certgen, version, cli", forever="serve, envoy shutdown-manager", first=True
    ),
    "stunnel4": _tool(_UNKNOWN),
    "confd": _tool(_FOREVER, ends="-onetime, --onetime, -version"),
    "mbuffer": _tool(_ENDS),
    "xtrabackup": _tool(_ENDS),
    "mariabackup": _tool(_ENDS),
    "supervisord": _tool(_UNKNOWN, forever="-n, --nodaemon"),
    "supercronic": _tool(_FOREVER, ends="-test"),
    "mysqld": _tool(
        _FOREVER, ends="--initialize, --initialize-insecure, --bootstrap, --daemonize, -D, --validate-config"
    ),
    "mariadbd": _tool(_FOREVER, ends="--bootstrap, --daemonize, -D"),
    "postgres": _tool(_FOREVER, ends="-C, --single, --check, --describe-config"),
    "postmaster": _tool(_FOREVER, ends="-C"),
    "ngrok": _tool(_UNKNOWN, forever="http, tcp, tls, start, tunnel", first=True),
    "frpc": _tool(_FOREVER, ends="reload, status, verify, stop", first=True),
    "kube-proxy": _tool(_FOREVER, ends="--cleanup"),
    "tailscale": _tool(
        _UNKNOWN,
        ends=(
            "up, down, login, logout, set, status, ip, ping, version, cert, netcheck, switch, whois, lock, update, file"
        ),
        first=True,
    ),
    "tailscaled": _tool(_FOREVER, ends="--cleanup, -cleanup"),
    "spire-agent": _tool(_ENDS, forever="run", first=True),
    "spire-server": _tool(_ENDS, forever="run", first=True),
    "prometheus-config-reloader": _tool(_FOREVER, ends="--watch-interval=0, --watch-interval=0s"),
    "alloydb-auth-proxy": _tool(_FOREVER, ends="shutdown, wait, completion, help", first=True),
    "loki": _tool(_FOREVER, ends="-verify-config, --verify-config, -version"),
    "tempo": _tool(_FOREVER, ends="-config.verify, --config.verify, -version"),
    "mimir": _tool(_FOREVER, ends="-modules, -version"),
    "containerd": _tool(_FOREVER, ends="config", first=True),
    "authelia": _tool(_FOREVER, ends="validate-config, config, crypto, storage", first=True),
    "gunicorn": _tool(_FOREVER, ends="-D, --daemon, --check-config, --print-config"),
    "unicorn": _tool(_FOREVER, ends="-D, --daemonize"),
    "mtail": _tool(_FOREVER, ends="-one_shot, --one_shot, -compile_only, --compile_only"),
    "otelcol": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
    "otelcol-contrib": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
    "otelcol-k8s": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
    "otel-collector": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
    "otelcontribcol": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
    "opentelemetry-collector": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
    "aws-otel-collector": _tool(_FOREVER, ends="validate, components, print-initial-config", first=True),
}

# Commands that are run to look at something. Their failure is an answer, not a fault.
PROBES = _names("""
    grep egrep fgrep kill pgrep pidof ps nc ncat netcat curl wget pg_isready redis-cli valkey-cli mysql mysqladmin psql
    mongo mongosh grpc_health_probe mountpoint findmnt diff cmp command type which ls stat ping nslookup dig host getent
    kubectl ss netstat lsof fuser openssl rabbitmqctl rabbitmq-diagnostics etcdctl jq find docker buildctl systemctl
    socat id ip wait-for-it dockerize vault consul
""")

# Options that say of any program that it does one thing, asks nobody, and ends.
ASKS_ONLY = frozenset({"--version", "--help"})

# The same, where nothing else is given.
ASKS_ALONE = frozenset({"-h", "-help", "help", "-V", "version", "-version"})

# First operands with which programs of all kinds say that they serve until they are stopped.
SERVING_OPERANDS = frozenset({"serve", "server", "daemon"})

# Options of which the same is true. A program that is told where to listen, or to elect a leader, does not end.
SERVING_OPTIONS = _names("""
    --follow --leader-elect --leader-election --listen --listen-address --secure-listen-address --watch
    --web.listen-address --web.listen-addresses -leader-elect -leader-election -listen -web.listen-address
""")

# Commands even where only `args` are given. Any other first word (`jobs`, `mount`, `sync`, `prometheus`) is as often a
# sub-command of the image's entrypoint.
COMMANDS_AMONG_ARGS = _names("""
    aws curl wget kubectl nc ncat socat inotifywait sleep tail crond supercronic dockerd containerd envoy haproxy nginx
    fluent-bit fluentd filebeat metricbeat promtail telegraf redis-server redis-sentinel redis-cli valkey-server mysqld
    mariadbd mongod memcached pg_dump pg_dumpall psql mysqldump php-fpm gunicorn uvicorn puma sidekiq uwsgi python
    python3 node java cloud_sql_proxy cloud-sql-proxy oauth2-proxy kube-rbac-proxy rabbitmq-server pgbouncer supervisord
""")
