"""Tools that appear in helpers' command lines, and the words that decide whether they end. Data only.

From the tools' manual pages and help texts. A tool is listed only if its behaviour is the same in the usual versions;
one whose configuration file decides (nginx without `daemon off;`) says UNKNOWN, and so does every tool that is not here.
"""

from dataclasses import dataclass

from sidecarify.commands.model import Lifetime

_FOREVER, _ENDS, _UNKNOWN = Lifetime.FOREVER, Lifetime.ENDS, Lifetime.UNKNOWN


@dataclass(frozen=True, slots=True)
class Tool:
    """How long a tool runs.

    `ends` and `forever` are words of the command line that settle it, looked at in this order; `otherwise` holds if none
    is there. A word that starts with `-` is an option: `-f` also matches in a cluster (`-lf`), `--watch` also `--watch=x`
    but not `--watch=false`. Any other entry is one or more operands in a row (`s3 cp`). `first` restricts operands to the
    first one, for tools whose operands are free text.
    """

    otherwise: Lifetime
    ends: tuple[str, ...] = ()
    forever: tuple[str, ...] = ()
    first: bool = False


def _ends(*forever: str, first: bool = False) -> Tool:
    """A tool that does one thing and ends, except with these words."""
    return Tool(_ENDS, forever=forever, first=first)


def _stays(*ends: str, first: bool = True) -> Tool:
    """A daemon that stays in the foreground, except with these words."""
    return Tool(_FOREVER, ends=ends, first=first)


# Ends when its work is done, whatever the options.
ONE_SHOT = frozenset("""
    [ [[ (( : alias apk apt apt-get awk b2sum base32 base64 basename bc bg bunzip2 bzip2 cal cd chattr chcon chgrp chmod chown
    cksum cmp comm cp cpio csplit curl cut date dd declare df diff dig dirname du echo egrep envsubst expand export expr
    factor false fdisk fgrep file find fold free gawk gcloud getconf getent getopts gpg grep groups gunzip gzip hash head
    hexdump host hostid hostname iconv id install ip iptables iptables-restore ip6tables iptables-nft iptables-legacy
    jobs join jq kill killall killall5 let ln local locale logger logname ls lsattr lsblk lsof lz4 lzma md5sum mkdir mkfifo
    mkfs mknod mktemp modprobe mount mountpoint mv mawk netstat nft nl nproc nslookup numfmt od paste patch pathchk
    pgrep pidof pkill popd pr printenv printf ps pushd pwd pwdx read readarray readlink readonly realpath rename renice
    return rm rmdir route runlevel sed seq set setfacl getfacl sha1sum sha224sum sha256sum sha384sum sha512sum shift shopt
    shred shuf sort split ss stat strings stty sum swapon swapoff sync sysctl tac tar tee test touch tput tr true truncate
    tsort tty type typeset ulimit umask umount unalias uname unexpand uniq unlink unset unxz unzip unzstd uptime users uuidgen vdir
    wc wget which who whoami xargs xxd xz yq yum dnf microdnf zcat zip zstd zypper wg-quick wg nmap
    s3cmd s5cmd gsutil azcopy az scp sftp ftp lftp telnet aria2c axel
    psql pg_dump pg_dumpall pg_restore pg_basebackup pg_isready pg_rewind pg_archivecleanup initdb createdb dropdb pg_controldata
    mysqldump mysqladmin mysqlimport mysqlcheck mariadb-dump mariadb-admin xbstream mongodump mongorestore mongoexport
    mongoimport mydumper myloader sqlite3 cqlsh nodetool clickhouse-backup influx
    helm kustomize terraform tofu ansible-playbook ansible flyway liquibase alembic goose migrate dbmate atlas sqlx
    pip pip3 gem composer skopeo crane cosign oras kubeseal kubeconform sops age htpasswd openssl-cnf certbot lego
    keytool update-ca-certificates update-ca-trust logrotate run-parts linkerd2-proxy-init proxy-init istio-iptables
    grpc_health_probe grpcurl wait-for-it wait-for wait4x dockerize pgbench ab hey vegeta k6 iptables-save useradd adduser addgroup
    groupadd usermod passwd chpasswd su-login ssh-keygen ssh-keyscan ssh-add ssh-agent git-lfs nsupdate
    arp arping tracepath traceroute sleep-until pt-archiver pg_repack vacuumdb reindexdb
    rdbtools redis-benchmark s4cmd msmtp sendmail mail
""".split())  # fmt: skip

# Stays in the foreground until it is stopped, whatever the operands.
DAEMONS = frozenset("""
    td-agent td-agent-bit metrics-server coredns kube-proxy kube-state-metrics kube-rbac-proxy kubelet
    httpd-foreground apache2-foreground pause supercronic go-crond yacron dockerd-entrypoint.sh containerd buildkitd rootlesskit
    tailscaled containerboot named-foreground cadvisor pushgateway alertmanager prometheus-config-reloader configmap-reload
    grafana-server loki tempo mimir pyroscope jaeger-agent jaeger-collector jaeger-query jaeger-all-in-one zipkin
    otelcol otelcol-contrib otelcol-k8s otel-collector aws-otel-collector awscollector otelcontribcol opentelemetry-collector
    amazon-cloudwatch-agent start-amazon-cloudwatch-agent xray daprd spire-agent spire-server spiffe-helper
    alloydb-auth-proxy oauth2-proxy oauth-proxy gatekeeper louketo-proxy pomerium authelia traefik-forward-auth
    aws-sigv4-proxy pgcat redis-sentinel valkey-sentinel mariadbd mysqld mysqld_safe mongos postgres postmaster
    rest-server gunicorn uvicorn hypercorn daphne waitress-serve unicorn puma thin passenger-start sidekiq http-echo
    http-server json-server supervisord s6-svscan runsvdir runsv linkerd2-proxy consul-dataplane
    node_exporter blackbox_exporter statsd_exporter nginx-prometheus-exporter dcgm-exporter process-exporter
    mtail csi-node-driver-registrar csi-provisioner csi-attacher csi-resizer csi-snapshotter livenessprobe
    watchexec nodemon reflex chisel frpc frps ngrok socat-daemon lsyncd incrond-foreground bird6
""".split())  # fmt: skip

TOOLS: dict[str, Tool] = {
    # shells' own words that never return are not here: `wait`, `exit`, `exec` are read with the script
    "cat": Tool(_ENDS),
    "tail": _ends("-f", "-F", "--follow", "--retry"),
    "yes": Tool(_FOREVER),
    "watch": Tool(_FOREVER, ends=("-g", "--chgexit", "-e", "--errexit")),
    "ping": Tool(_FOREVER, ends=("-c", "-w")),
    "ping6": Tool(_FOREVER, ends=("-c", "-w")),
    "inotifywait": Tool(_ENDS, ends=("-d", "--daemon"), forever=("-m", "--monitor")),
    "inotifyd": Tool(_FOREVER),
    "fswatch": Tool(_FOREVER, ends=("-1", "--one-event")),
    "entr": Tool(_UNKNOWN, forever=("-r", "-n")),
    "journalctl": _ends("-f", "--follow"),
    "dmesg": _ends("-w", "--follow"),
    "tcpdump": Tool(_FOREVER, ends=("-c", "-r", "-D", "-d")),
    "tshark": Tool(_FOREVER, ends=("-c", "-r", "-D", "-a")),
    "top": Tool(_FOREVER, ends=("-n",)),
    "ssh": Tool(_UNKNOWN, ends=("-f", "-V"), forever=("-N",)),
    "autossh": Tool(_FOREVER, ends=("-f", "-V")),
    "sshd": Tool(_UNKNOWN, ends=("-t", "-T"), forever=("-D",)),
    "rsync": Tool(_ENDS, forever=("--no-detach",)),
    "crond": Tool(_UNKNOWN, forever=("-f", "-n")),
    "cron": Tool(_UNKNOWN, forever=("-f",)),
    "incrond": Tool(_ENDS, forever=("-n", "--foreground")),
    "atd": Tool(_UNKNOWN, forever=("-f",)),
    "syslogd": Tool(_ENDS, forever=("-n",)),
    "rsyslogd": Tool(_ENDS, forever=("-n",)),
    "syslog-ng": Tool(_UNKNOWN, ends=("-s", "--syntax-only", "-V"), forever=("-F", "--foreground")),
    "klogd": Tool(_ENDS, forever=("-n",)),
    "httpd": Tool(_UNKNOWN, ends=("-t", "-v", "-V", "-k stop"), forever=("-DFOREGROUND", "FOREGROUND")),
    "apache2": Tool(_UNKNOWN, ends=("-t", "-v"), forever=("-DFOREGROUND", "FOREGROUND")),
    "apachectl": Tool(_ENDS, forever=("-DFOREGROUND", "FOREGROUND")),
    "apache2ctl": Tool(_ENDS, forever=("-DFOREGROUND", "FOREGROUND")),
    "lighttpd": Tool(_ENDS, ends=("-t", "-tt"), forever=("-D",)),
    "php-fpm": Tool(_UNKNOWN, ends=("-t", "-D", "--daemonize", "-v"), forever=("-F", "--nodaemonize")),
    "nginx": Tool(_UNKNOWN, ends=("-s", "-t", "-T", "-v", "-V")),
    "openresty": Tool(_UNKNOWN, ends=("-s", "-t", "-T", "-v", "-V")),
    "haproxy": Tool(_FOREVER, ends=("-c", "-D", "-v", "-vv")),
    "traefik": _stays("version", "healthcheck"),
    "caddy": Tool(_UNKNOWN, ends=("start", "stop", "reload", "validate", "fmt", "adapt", "version", "hash-password"),
                  forever=("run", "file-server", "reverse-proxy", "respond"), first=True),
    "envoy": Tool(_FOREVER, ends=("--mode validate", "--mode=validate", "validate")),
    "varnishd": Tool(_ENDS, ends=("-C", "-V"), forever=("-F",)),
    "squid": Tool(_UNKNOWN, ends=("-k", "-z", "-v"), forever=("-N", "--foreground")),
    "stunnel": Tool(_UNKNOWN),
    "dnsmasq": Tool(_UNKNOWN, ends=("--test",), forever=("-k", "--keep-in-foreground", "-d", "--no-daemon")),
    "unbound": Tool(_UNKNOWN, forever=("-d",)),
    "named": Tool(_ENDS, ends=("-v", "-V"), forever=("-g", "-f")),
    "keepalived": Tool(_ENDS, ends=("-t", "--config-test"), forever=("-n", "--dont-fork")),
    "openvpn": Tool(_FOREVER, ends=("--daemon", "--genkey", "--show-ciphers")),
    "fluent-bit": Tool(_FOREVER, ends=("-D", "--dry-run", "-V", "-J")),
    "fluentd": Tool(_FOREVER, ends=("-d", "--daemon", "--dry-run", "--setup", "-s")),
    "filebeat": _stays("setup", "test", "export", "keystore", "enroll", "modules", "version", "generate"),
    "metricbeat": _stays("setup", "test", "export", "keystore", "modules", "version"),
    "packetbeat": _stays("setup", "test", "export", "keystore", "version", "devices"),
    "heartbeat": _stays("setup", "test", "export", "keystore", "version"),
    "auditbeat": _stays("setup", "test", "export", "keystore", "version", "show"),
    "journalbeat": _stays("setup", "test", "export", "keystore", "version"),
    "elastic-agent": Tool(_UNKNOWN, ends=("enroll", "install", "status", "version"), forever=("run", "container"), first=True),
    "logstash": Tool(_UNKNOWN, ends=("-t", "--config.test_and_exit", "-V")),
    "vector": _stays("validate", "test", "generate", "list", "graph", "vrl", "convert-config", "help", "--version"),
    "promtail": Tool(_FOREVER, ends=("-version", "--version", "-check-syntax", "--check-syntax", "-dry-run", "--dry-run")),
    "alloy": Tool(_UNKNOWN, ends=("fmt", "convert", "tools", "validate"), forever=("run",), first=True),
    "grafana-agent": Tool(_UNKNOWN, forever=("run",)),
    "agent": Tool(_UNKNOWN),
    "grafana": Tool(_UNKNOWN, ends=("cli",), forever=("server",), first=True),
    "telegraf": Tool(_FOREVER, ends=("--once", "--test", "config", "version", "--input-list")),
    "collectd": Tool(_ENDS, ends=("-t", "-T"), forever=("-f",)),
    "statsd": Tool(_FOREVER),
    "prometheus": Tool(_FOREVER, ends=("--version",)),
    "promtool": Tool(_ENDS),
    "thanos": Tool(_UNKNOWN, ends=("tools", "check"), first=True,
                   forever=("sidecar", "query", "store", "receive", "rule", "ruler", "query-frontend")),
    "jmx_exporter": Tool(_FOREVER),
    "redis-server": Tool(_FOREVER, ends=("--daemonize yes", "--version", "-v")),
    "valkey-server": Tool(_FOREVER, ends=("--daemonize yes", "--version", "-v")),
    "redis-cli": _ends("monitor", "MONITOR", "subscribe", "SUBSCRIBE", "psubscribe", "PSUBSCRIBE", "--latency", "--stat",
                       first=True),
    "valkey-cli": _ends("monitor", "MONITOR", "subscribe", "SUBSCRIBE", "psubscribe", "PSUBSCRIBE", first=True),
    "memcached": Tool(_FOREVER, ends=("-d", "-V", "-h")),
    "mongod": Tool(_FOREVER, ends=("--fork", "--shutdown", "--repair")),
    "mysql": Tool(_ENDS),
    "mariadb": Tool(_ENDS),
    "mongo": Tool(_ENDS),
    "mongosh": Tool(_ENDS),
    "pg_receivewal": Tool(_FOREVER, ends=("--create-slot", "--drop-slot")),
    "pg_recvlogical": Tool(_UNKNOWN, ends=("--create-slot", "--drop-slot"), forever=("--start",)),
    "pg_ctl": Tool(_ENDS),
    "rabbitmq-server": Tool(_FOREVER, ends=("-detached",)),
    "rabbitmqctl": _ends(),
    "pgbouncer": Tool(_FOREVER, ends=("-d", "--daemon", "-V", "--version")),
    "proxysql": Tool(_UNKNOWN, forever=("-f", "--foreground")),
    "etcd": Tool(_FOREVER, ends=("--version",)),
    "etcdctl": _ends("watch", "elect", "lock"),
    "consul": Tool(_ENDS, forever=("agent", "watch", "monitor", "connect envoy", "connect proxy"), first=True),
    "consul-template": Tool(_FOREVER, ends=("-dry", "-v", "-version")),
    "vault": Tool(_ENDS, forever=("agent", "server", "proxy", "monitor"), first=True),
    "bao": Tool(_ENDS, forever=("agent", "server", "proxy", "monitor"), first=True),
    "git-sync": Tool(_FOREVER, ends=("--version", "--man")),
    "git": _ends("daemon", "instaweb", first=True),
    "cloud_sql_proxy": Tool(_FOREVER, ends=("-version", "--version")),
    "cloud-sql-proxy": _stays("shutdown", "wait", "completion", "help"),
    "cloudflared": Tool(_UNKNOWN, ends=("version", "update", "service", "tunnel list", "tunnel create", "tunnel info",
                                        "tunnel login", "tunnel delete", "tunnel route"),
                        forever=("tunnel", "proxy-dns", "access tcp")),
    "opa": Tool(_UNKNOWN, ends=("eval", "test", "check", "build", "fmt", "version"), forever=("run", "serve"), first=True),
    "dockerd": Tool(_FOREVER, ends=("--validate", "--version")),
    "docker": Tool(_UNKNOWN, forever=("events", "stats", "logs -f", "logs --follow"),
                   ends=("system prune", "image prune", "volume prune", "builder prune", "container prune", "pull", "push",
                         "build", "buildx build", "tag", "login", "logout", "cp", "rm", "rmi", "stop", "kill", "info",
                         "version", "ps", "images", "inspect", "save", "load", "system df", "network create")),
    "buildctl": Tool(_ENDS),
    "trivy": _ends("server", first=True),
    "kubectl": _ends("-w", "--watch", "port-forward", "proxy", "--follow", "logs -f", "attach"),
    "oc": _ends("-w", "--watch", "port-forward", "proxy", "--follow", "logs -f"),
    "calico": Tool(_UNKNOWN, ends=("component cni install", "component node init")),
    "aws": Tool(_ENDS, forever=("logs tail --follow", "ssm start-session")),
    "mc": _ends("-w", "--watch", "watch", "admin trace", "admin logs"),
    "rclone": Tool(_UNKNOWN, first=True,
                   ends=("--daemon", "copy", "copyto", "copyurl", "sync", "move", "moveto", "bisync", "delete", "deletefile",
                         "purge", "mkdir", "rmdir", "rmdirs", "check", "checksum", "ls", "lsd", "lsf", "lsl", "lsjson",
                         "cat", "rcat", "size", "about", "config", "version", "cleanup", "dedupe", "hashsum", "md5sum",
                         "sha1sum", "touch", "tree", "archive", "rc", "obscure", "listremotes", "settier", "link"),
                   forever=("mount", "mount2", "cmount", "nfsmount", "serve", "rcd")),
    "restic": Tool(_ENDS, forever=("mount",), first=True),
    "borg": Tool(_ENDS, forever=("serve", "mount"), first=True),
    "kopia": Tool(_ENDS, forever=("server", "mount"), first=True),
    "wal-g": Tool(_ENDS, forever=("wal-receive", "daemon"), first=True),
    "pgbackrest": Tool(_ENDS, forever=("server",), first=True),
    "barman-cloud-backup": Tool(_ENDS),
    "velero": Tool(_ENDS, forever=("server", "node-agent"), first=True),
    "litestream": Tool(_ENDS, forever=("replicate",), first=True),
    "minio": Tool(_UNKNOWN, forever=("server", "gateway"), first=True),
    "s3fs": Tool(_ENDS, forever=("-f", "-d")),
    "goofys": Tool(_ENDS, forever=("-f",)),
    "gcsfuse": Tool(_ENDS, forever=("--foreground", "-foreground")),
    "sshfs": Tool(_ENDS, forever=("-f", "-d")),
    "mount-s3": Tool(_ENDS, forever=("-f", "--foreground")),
    "openssl": _ends("s_server", "ocsp -port", first=True),
    "npm": Tool(_UNKNOWN, ends=("ci", "install", "i", "update", "audit", "pack", "publish", "version"), first=True),
    "yarn": Tool(_UNKNOWN, ends=("install", "add", "audit"), first=True),
    "go": Tool(_UNKNOWN, ends=("build", "test", "install", "mod", "version", "vet", "get"), first=True),
    "flask": Tool(_UNKNOWN, ends=("db", "routes", "shell"), forever=("run",), first=True),
    "celery": Tool(_UNKNOWN, ends=("inspect", "status", "purge", "call", "control"), forever=("worker", "beat", "flower")),
    "rails": Tool(_UNKNOWN, ends=("db:migrate", "runner"), forever=("server", "s"), first=True),
    "uwsgi": Tool(_FOREVER, ends=("--stop", "--reload", "--daemonize", "-d", "--version")),
    "streamlit": Tool(_UNKNOWN, forever=("run",), first=True),
    "jupyter": Tool(_UNKNOWN, ends=("nbconvert",), forever=("lab", "notebook", "server"), first=True),
    "monit": Tool(_UNKNOWN, forever=("-I",)),
    "s6-svc": Tool(_ENDS),
    "supervisorctl": Tool(_ENDS),
    "pilot-agent": Tool(_UNKNOWN, ends=("wait", "request", "istio-iptables", "istio-clean-iptables", "version"),
                        forever=("proxy", "status"), first=True),
    "contour": Tool(_UNKNOWN, ends=("bootstrap", "certgen", "version", "cli"), first=True,
                    forever=("serve", "envoy shutdown-manager")),
    "stunnel4": Tool(_UNKNOWN),
    "confd": Tool(_FOREVER, ends=("-onetime", "--onetime", "-version")),
    "mbuffer": Tool(_ENDS),
    "xtrabackup": Tool(_ENDS),
    "mariabackup": Tool(_ENDS),
}  # fmt: skip

# Options that say of any program that it does one thing, asks nobody, and ends.
ASKS_ONLY = frozenset({"--version", "--help"})

# First operands with which programs of all kinds say that they serve until they are stopped.
SERVING_OPERANDS = frozenset({"serve", "server", "daemon"})

# Options of which the same is true. A program that is told where to listen, or to elect a leader, does not end.
SERVING_OPTIONS = frozenset({
    "--watch", "--follow", "--listen", "--listen-address", "--web.listen-address", "--web.listen-addresses", "--leader-elect",
    "--leader-election", "--secure-listen-address", "-listen", "-web.listen-address", "-leader-election", "-leader-elect",
})  # fmt: skip

# Operands of some image's entrypoint as often as commands: with `args` alone they prove nothing.
AMBIGUOUS_WITHOUT_COMMAND = frozenset({
    "[", "[[", "((", "agent", "cat", "check", "cp", "cron", "date", "diff", "export", "false", "find", "install", "init", "kill",
    "link", "ls", "mail", "migrate", "monitor", "mount", "mv", "patch", "ping", "read", "rename", "rm", "route", "set", "sort",
    "split", "stat", "sum", "sync", "test", "touch", "tree", "type", "umount", "watch", "prometheus", "server", "tempo", "loki",
    "envoy", "consul", "vault", "grafana", "reflex", "host", "hash", "join", "head", "file", "return", "users", "statsd", "shift",
    "declare", "let", "local", "flask", "restic", "kopia", "go", "git", "true", "id", "ip", "wait-for",
})  # fmt: skip
