{{/* The namespaces whose Secrets the controller may read, as its flag has them. Takes the root. */}}
{{- define "serin.secretNamespaces" -}}
{{- with .Values.rbac }}
{{- if and .secretNamespaces (ne .secrets "Namespaces") }}
{{- fail (printf "rbac.secretNamespaces goes with rbac.secrets: Namespaces alone, and rbac.secrets is %s" .secrets) }}
{{- end }}
{{- if eq .secrets "Cluster" }}*{{ else }}{{ join "," .secretNamespaces }}{{ end }}
{{- end }}
{{- end }}

{{/* What lets the controller read them: a Role in each namespace, or a ClusterRole. Takes the root. */}}
{{- define "serin.secrets" -}}
{{- $this := dict "part" "controller" "root" . }}
{{- $namespaces := .Values.rbac.secretNamespaces }}
{{- $prefix := "" }}
{{- if eq .Values.rbac.secrets "Cluster" }}
{{- $namespaces = list "" }}
{{- $prefix = "Cluster" }}
{{- end }}
{{- range $namespaces }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}Role
metadata:
  name: serin-controller-secrets
  {{- with . }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "serin.release" $this | nindent 4 }}
rules:
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}RoleBinding
metadata:
  name: serin-controller-secrets
  {{- with . }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "serin.release" $this | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $prefix }}Role, name: serin-controller-secrets}
subjects:
- {{ include "serin.subject" $this }}
{{- end }}
{{- end }}
