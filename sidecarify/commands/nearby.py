"""What a command that is no known client may talk to in its own pod, and whose process it looks for (DEAD3, ORD7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from sidecarify.commands.argv import wrapper_name
from sidecarify.commands.endpoints import Endpoint, endpoint, without_own_address, words
from sidecarify.commands.model import Lifetime, Program, SimpleCommand
from sidecarify.commands.processes import command_lifetime

# After a space, `=`, `@`, a quote, `//`, but not within a path or a longer name (`/etc/localhost.pem`).
_OWN_ADDRESS = r"""(?:^|[=@,:("'\s]|//)(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::(\d{1,5}))?(?=$|[/?,;)"'\s:])"""
_THIS_HOST = r":(\d{0,5})(?:/.*)?\Z"
_BARE_PORT_CLIENTS = frozenset({"http", "https", "xh", "xhs"})
# They handle the text, a name in a certificate or the network itself, or are read by their own words.
_NO_CLIENTS = words("""
    echo printf logger export set unset local declare readonly alias trap eval : true false [ [[ test (( let exit return
    cat tee sed awk gawk mawk grep egrep fgrep cut tr sort head tail jq yq envsubst cp mv ln rm mkdir touch chmod chown
    cd sleep read xargs find tar git hostname getent ping ping6 ip ifconfig iptables ip6tables nft route sysctl
    mkcert keytool certtool cfssl cfssljson certstrap minica step easyrsa htpasswd
    sh bash ash dash zsh ksh
""")
_OPENSSL_CLIENTS = frozenset({"s_client", "s_time", "ocsp"})
_OFFLINE = frozenset({"version", "help", "validate", "keygen", "tls", "completion", "config", "-h"})
_NAMED_PROCESS = r"[$`(]+(?:pgrep|pidof)\s(?:-\S+\s+)*([\w.-]+)[)`]+\Z"
_PROCESS_NAME = r"[A-Za-z_/][\w./-]*\Z"


class _Local(NamedTuple):
    """A client of the server on its own machine, unless an option or a variable says another."""

    options: frozenset[str]
    variables: frozenset[str]
    servers: frozenset[str]
    only: str = ""


def _local(options: str, variables: str, servers: str, only: str = "") -> _Local:
    return _Local(words(options), words(variables), words(servers), only)


_RABBIT = _local("-n --node", "RABBITMQ_NODENAME", "rabbitmq-server")
_LOCAL_BY_DEFAULT = {
    "rabbitmqctl": _RABBIT,
    "rabbitmq-diagnostics": _RABBIT,
    "rabbitmqadmin": _local("-H --host", "", "rabbitmq-server"),
    "nodetool": _local("-h --host", "", "cassandra"),
    "varnishadm": _local("-T", "", "varnishd"),
    "supervisorctl": _local("-s --serverurl", "", "supervisord"),
    "nginx": _local("", "", "nginx", only="-s"),
    "etcdctl": _local("--endpoints --endpoint --discovery-srv", "ETCDCTL_ENDPOINTS", "etcd"),
    "consul": _local("-http-addr --http-addr", "CONSUL_HTTP_ADDR", "consul"),
    "influx": _local("-host --host", "INFLUX_HOST", "influxd"),
    "clickhouse-client": _local("-h --host -C --config-file", "CLICKHOUSE_HOST", "clickhouse-server"),
}


def nearby(command: SimpleCommand, program: Program, environment: Mapping[str, str | None]) -> Endpoint | None:
    """The place in its own pod that a command of a script seems to talk to; None if it names none.

    For commands that `endpoint` does not know: one of their words is or holds the pod's own address, or they are known
    to talk to the local server unless told another. `environment` are the container's variables (None: not known).
    """
    argv = command.argv
    name = wrapper_name(argv[0]) if argv else ""
    if not name or name in _NO_CLIENTS or command is program.decisive or endpoint(command) is not None:
        return None
    if name == "openssl" and not _OPENSSL_CLIENTS.intersection(argv[1:2]):
        return None
    if command_lifetime(command.words)[0] is Lifetime.FOREVER:
        return None
    for word in (*argv[1:], *command.assignments):
        bare = re.match(_THIS_HOST, word) if name in _BARE_PORT_CLIENTS else None
        found = bare or re.search(_OWN_ADDRESS, without_own_address(word))
        if found is not None:
            return Endpoint.of("port", "localhost", found[1] or "")
    known = _LOCAL_BY_DEFAULT.get(name)
    if known is not None and _stays_local(command, known, program, environment):
        return Endpoint.of("port", "localhost", "")
    return None


def _stays_local(
    command: SimpleCommand, known: _Local, program: Program, environment: Mapping[str, str | None]
) -> bool:
    given = command.argv[1:]
    if (
        not given
        or (known.only and known.only not in given)
        or any(word.partition("=")[0] in known.options for word in given)
    ):
        return False
    if any(word in _OFFLINE or word in ("-V", "-v", "--version", "--help") for word in given):
        return False
    for other in program.commands:
        asks = other.name == command.name and not other.in_background and known.only in ("", *other.argv)
        if other.name in known.servers and not asks:
            return False
    script = program.script or ""
    for variable in known.variables:
        set_here = re.search(rf"\b{variable}=(\S+)", script)
        value = set_here[1] if set_here is not None else environment.get(variable, "")
        if value is None or (value and not re.search(_OWN_ADDRESS, without_own_address(value))):
            return False
    return True


def sought_process(command: SimpleCommand, program: Program) -> str:
    """The process, by its name, without which a command fails: `pidof app`, `pkill -HUP app`, `kill $(pidof app)`.

    "" if it looks for none, or for one that the script itself may have started.
    """
    argv = command.argv
    name = wrapper_name(argv[0]) if argv else ""
    wanted = ""
    if name in ("pgrep", "pidof", "pkill", "killall"):
        wanted = next((word for word in reversed(argv[1:]) if not word.startswith("-")), "")
    elif name == "kill" and len(argv) > 1 and (named := re.match(_NAMED_PROCESS, argv[-1])):
        wanted = named[1]
    if not re.match(_PROCESS_NAME, wanted):
        return ""
    return "" if any(wanted.rpartition("/")[2] == other.name for other in program.commands) else wanted


def searches_ports(command: SimpleCommand) -> bool:
    """Whether a search of its list of ports decides how it ends: the head of `ss -ltn | grep -q 8080`."""
    return command.name in ("ss", "netstat") and command.piped_into in ("grep", "egrep", "fgrep")
