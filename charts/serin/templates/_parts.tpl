{{/* What all parts have in common. Each takes (dict "part" NAME "root" $). */}}

{{- define "serin.selector" -}}
app.kubernetes.io/name: serin
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "serin.labels" -}}
{{ include "serin.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
{{ include "serin.release" . }}
{{- end }}

{{- define "serin.release" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "serin.pod" -}}
serviceAccountName: serin-{{ .part }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "serin.spread" -}}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "serin.selector" . | nindent 6 }}
{{- end }}

{{- define "serin.container" -}}
image: {{ printf "%s:%s" .root.Values.image.repository (.root.Values.image.tag | default .root.Chart.AppVersion) | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
resources: {{ toJson (index .root.Values .part).resources }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  readOnlyRootFilesystem: true
{{- end }}

{{/* The part's account, and the ClusterRole of the same name bound to it. */}}
{{- define "serin.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: serin-{{ .part }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "serin.release" . | nindent 4 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: serin-{{ .part }}
  labels:
    {{- include "serin.release" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: serin-{{ .part }}}
subjects:
- {{ include "serin.subject" . }}
{{- end }}

{{- define "serin.subject" -}}
{kind: ServiceAccount, name: serin-{{ .part }}, namespace: {{ .root.Release.Namespace }}}
{{- end }}
