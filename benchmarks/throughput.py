"""Throughput of parse + edit + verify against PyYAML's C compose of the same text.

    python benchmarks/throughput.py [--seconds 3]

Every measured text is converted for real, judging included (parse + judge is also printed apart).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import yaml

from sidecarify import Options
from sidecarify.convert import convert
from sidecarify.examine import examine
from sidecarify.yamltext.source import Source
from sidecarify.yamltext.tree import parse

CONTAINER = """\
        - name: {name}
          image: registry.example.com/team/{image}:1.27.4
          # keep in step with the chart
          args: ["--config=/etc/{name}/config.yaml", "--level", "info"]
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - {{ name: REGION, value: eu-west-1 }}
          ports:
            - name: {name}
              containerPort: {port}
          resources:
            requests: {{ cpu: 100m, memory: 128Mi }}
            limits:
              memory: 256Mi
          readinessProbe:
            httpGet:
              path: /ready
              port: {port}
            periodSeconds: 5
          volumeMounts:
            - name: logs
              mountPath: /var/log/{name}
"""
HEAD = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  labels: {{ app: web, tier: front }}
spec:
  replicas: 3
  selector:
    matchLabels: {{ app: web }}
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
"""
TAIL = """\
      volumes:
        - name: logs
          emptyDir: {}
"""


def deployment(number: int) -> str:
    """One Deployment with a main container and two helpers."""
    names = (("web", "web-server", 8080), ("log-tail", "fluent-bit", 2020), ("log-stats", "statsd-exporter", 9102))
    body = "".join(CONTAINER.format(name=name, image=image, port=port) for name, image, port in names)
    return HEAD.format(number=number) + body + TAIL


def compose(text: str) -> None:
    """Read `text` as PyYAML's C composer does."""
    for _ in yaml.compose_all(text, yaml.CSafeLoader):
        pass


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(name: str, text: str, seconds: float) -> None:
    """Print how long each stage takes on `text`, as multiples of PyYAML's C compose."""
    options = Options(helpers=("log-*",), accept=("*",))
    source = Source.of(text)
    moved = len(convert(source, options).moves)
    candidates: dict[str, Callable[[], object]] = {
        "PyYAML C compose": lambda: compose(text),
        "our tree": lambda: [parse(piece) for piece in text.split("---\n")],
        "parse + judge": lambda: examine(source, options),
        "whole conversion": lambda: convert(source, options),
    }
    best = dict.fromkeys(candidates, float("inf"))
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for what, work in candidates.items():
            best[what] = min(best[what], timed(work))
    base = best["PyYAML C compose"]
    print(f"{name}: {len(text):,} characters, {moved} containers moved")
    for what, taken in best.items():
        print(f"  {what:18} {taken * 1000:9.2f} ms  {taken / base:5.2f} x compose")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args().seconds
    measure("one Deployment", deployment(1), seconds)
    measure("50 documents", "---\n".join(deployment(number) for number in range(50)), seconds)


if __name__ == "__main__":
    main()
