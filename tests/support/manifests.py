"""Manifests that many tests begin with; each takes it apart as it needs."""

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          volumeMounts: [{name: logs, mountPath: /var/log/web}]
        - name: log
          image: fluent/fluent-bit:3.1
          volumeMounts: [{name: logs, mountPath: /var/log/web, readOnly: true}]
      volumes: [{name: logs, emptyDir: {}}]
"""
_COPY = """\
        - name: copy
          image: grafana/promtail:3.0.0
          volumeMounts: [{name: logs, mountPath: /var/log/web, readOnly: true}]
"""
TWO_HELPERS = WEB.replace("      volumes:", f"{_COPY}      volumes:")
