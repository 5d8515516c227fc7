"""Which network endpoint a client command talks to."""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from sidecarify.commands.argv import wrapper_name
from sidecarify.commands.model import SimpleCommand

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "ip6-localhost", "localhost.localdomain"})  # noqa: S104 - clients use it as "this host"


def words(text: str) -> frozenset[str]:
    """The words of a table."""
    return frozenset(text.split())


# Other spellings of the pod's own address.
_OWN_ADDRESS = (
    r"\$\(\s*hostname(?:\s+-[a-zA-Z]+|\s+--[\w-]+)*\s*\)|`\s*hostname(?:\s+-[a-zA-Z]+)*\s*`"
    r"|\$\{?HOSTNAME\}?(?!\w)|\$[({]?(?:\w*_)?POD_?IPS?(?:[)}]|(?!\w))"
)
_LOOPBACK = r"127\.\d+\.\d+\.\d+\Z"
_URL = (
    r"(?:(?P<scheme>[a-zA-Z][\w+.-]*)://)?(?:[^@/\s]*@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#\s]*)(?::(?P<port>\d+))?(?P<path>[/?#].*)?\Z"
)
_SOCAT_CLIENT = r"(?i)(?:tcp[46]?|tcp[46]?-connect|openssl|udp[46]?):([^:,]+):(\d+)"
_DEV_TCP = r"/dev/(?:tcp|udp)/([^/\s]+)/([^/\s'\"]+)"
_DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "redis": 6379,
    "amqp": 5672,
}

# Clients with options for host and port; the port is the server's default, the host is the local one unless given.
_DATABASE_CLIENTS: dict[str, tuple[int, str, str]] = {
    # name: default port, host options, port options
    "pg_isready": (5432, "-h --host", "-p --port"),
    "psql": (5432, "-h --host", "-p --port"),
    "redis-cli": (6379, "-h", "-p"),
    "valkey-cli": (6379, "-h", "-p"),
    "mysqladmin": (3306, "-h --host", "-P --port"),
    "mysql": (3306, "-h --host", "-P --port"),
    "mariadb": (3306, "-h --host", "-P --port"),
    "mariadb-admin": (3306, "-h --host", "-P --port"),
    "mongo": (27017, "--host", "--port"),
    "mongosh": (27017, "--host", "--port"),
    **dict.fromkeys(
        ("mysqldump", "mariadb-dump", "mysqlcheck", "mysqlimport", "mysqlshow", "mysqlbinlog"),
        (3306, "-h --host", "-P --port"),
    ),
    **dict.fromkeys(
        ("pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "vacuumdb", "pgbench"),
        (5432, "-h --host", "-p --port"),
    ),
    **dict.fromkeys(("mongodump", "mongorestore", "mongoexport", "mongoimport"), (27017, "-h --host", "--port")),
}
_CURL_VALUED = words("""
    -o --output -H --header -d --data --data-binary --data-raw -X --request -u --user -m --max-time -T --upload-file
    -F --form -A --user-agent -b --cookie -c --cookie-jar -w --write-out --connect-timeout --retry --retry-delay
    --retry-max-time --cacert --cert --key -e --referer --resolve --interface -x --proxy --max-filesize --url-query
    -K --config -r --range
""")
_WGET_VALUED = words("""
    -O --output-document -o --output-file -T --timeout -t --tries -P -U --header --post-data --post-file
""")


class Endpoint(NamedTuple):
    """A host and port as a command names them.

    `kind` is "http", "port" or "socket"; `port` is None if it is not a number.
    """

    kind: str
    target: str
    host: str
    port: int | None
    path: str = ""

    @property
    def local(self) -> bool:
        """Whether it is in the same pod: the loopback address, `:5000` without a host, or a Unix socket."""
        listens_here = self.kind == "port" and not self.host and self.port is not None
        host = self.host.lower()
        return self.kind == "socket" or listens_here or host in LOCAL_HOSTS or re.match(_LOOPBACK, host) is not None

    @classmethod
    def of(cls, kind: str, host: str, port: str) -> Self:
        """From a host and a port as written; either may hold an expansion."""
        return cls(kind, f"{host}:{port}" if port else host, host, int(port) if port.isdecimal() else None)

    @classmethod
    def of_url(cls, url: str) -> Self:
        """From `scheme://host:port/path`, `host:port/path`, `tcp://host:port`, `file:///path` or `unix:///path`."""
        match = re.match(_URL, url)
        if match is None:
            return cls("http", url, "", None)
        scheme = (match["scheme"] or "").lower()
        if scheme in ("unix", "file"):
            return cls("socket", match["path"] or url, "", None, match["path"] or "")
        kind = "port" if scheme and scheme not in ("http", "https") else "http"
        port = match["port"]
        number = int(port) if port and len(port) < 6 else _DEFAULT_PORTS.get(scheme or "http")
        return cls(kind, url, match["host"], number, match["path"] or "")


def without_own_address(word: str) -> str:
    """The word with `$(hostname)`, `$POD_IP` and the like as `localhost`."""
    # Most words hold nothing for a shell to fill in, and most scripts have none that does.
    return re.sub(_OWN_ADDRESS, "localhost", word) if "$" in word or "`" in word else word


def endpoint(command: SimpleCommand) -> Endpoint | None:
    """The endpoint that a client command connects to; None if it is no client, or names no place."""
    argv = tuple(map(without_own_address, command.argv))
    for redirect in command.redirects:
        if match := re.search(_DEV_TCP, redirect.target):
            return Endpoint.of("port", match[1], match[2])
    if not argv:
        return None
    name = wrapper_name(argv[0])
    if name in ("curl", "wget"):
        return _of_http_client(name, argv)
    if name in ("nc", "ncat", "netcat"):
        return _of_netcat(argv)
    if name == "grpc_health_probe":
        address = option_value(argv, ("-addr", "--addr", "-a"))
        return Endpoint.of_url(f"tcp://{address}") if address and not address.startswith("unix:") else None
    if name == "socat":
        return next(
            (Endpoint.of("port", m[1], m[2]) for word in argv[1:] if (m := re.match(_SOCAT_CLIENT, word))), None
        )
    if name == "telnet" and len(argv) > 2:
        return Endpoint.of("port", argv[1], argv[2])
    client = _DATABASE_CLIENTS.get(name)
    if client is not None:
        default, hosts, ports = client
        url = next((word for word in argv[1:] if "://" in word), "")
        if url:
            return Endpoint.of_url(url)
        host = option_value(argv, hosts.split())
        if host.startswith("/"):
            return Endpoint("socket", host, "", None, host)
        elsewhere = any(word.startswith("$") for word in argv[1:]) or any(
            a.startswith("PGHOST=") for a in command.assignments
        )
        if not host and elsewhere:
            return None
        return Endpoint.of("port", host or "localhost", option_value(argv, ports.split()) or str(default))
    text = next((match for word in argv if (match := re.search(_DEV_TCP, word))), None)
    return Endpoint.of("port", text[1], text[2]) if text else None


def option_value(argv: Sequence[str], options: Sequence[str]) -> str:
    """The value of an option as `-p 1`, `-p1`, `--port 1` or `--port=1`; "" if it is not there."""
    for at, word in enumerate(argv[1:], 1):
        for option in options:
            if word == option:
                return argv[at + 1] if at + 1 < len(argv) else ""
            if word.startswith(option + "="):
                return word[len(option) + 1 :]
            if len(option) == 2 and word.startswith(option) and len(word) > 2:
                return word[2:]
    return ""


def _of_http_client(name: str, argv: tuple[str, ...]) -> Endpoint | None:
    socket = option_value(argv, ("--unix-socket",))
    if socket:
        return Endpoint("socket", socket, "", None, socket)
    valued = _CURL_VALUED if name == "curl" else _WGET_VALUED
    places = []
    takes_value = False
    for word in argv[1:]:
        if takes_value:
            takes_value = False
        elif word.startswith("-"):
            takes_value = _takes_value(word, valued)
        else:
            places.append(word)
    found = [Endpoint.of_url(place) for place in places]
    return next((place for place in found if place.local), found[0]) if found else None


def _takes_value(option: str, valued: frozenset[str]) -> bool:
    """Whether the next word is the option's value: `-o`, `-sLo`, but not `-XPOST`, `--output=x`."""
    if option.startswith("--") or len(option) == 2:
        return option in valued
    for at, letter in enumerate(option[1:], 1):
        if f"-{letter}" in valued:
            return at == len(option) - 1
    return False


def _of_netcat(argv: tuple[str, ...]) -> Endpoint | None:
    operands = []
    takes_value = False
    for word in argv[1:]:
        if takes_value:
            takes_value = False
        elif word.startswith("-"):
            if "l" in word and not word.startswith("--"):
                return None
            if word == "--listen":
                return None
            takes_value = len(word) > 1 and word[1] != "-" and word[-1] in "wipsqXxIO"
        else:
            operands.append(word)
    if len(operands) == 1 and operands[0].startswith("/"):
        return Endpoint("socket", operands[0], "", None, operands[0])
    if len(operands) == 1 and (match := re.match(r"(.*):(\d+)\Z", operands[0])):
        return Endpoint.of("port", match[1], match[2])
    return Endpoint.of("port", operands[0], operands[1]) if len(operands) >= 2 else None
