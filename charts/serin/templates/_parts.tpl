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
{{- with .root.Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.pod.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .root.Values.pod.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .root.Values.pod.affinity }}
affinity: {{ toJson . }}
{{- end }}
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

{{- define "serin.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- end }}

{{- define "serin.container" -}}
image: {{ include "serin.image" .root }}
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

{{/* The metadata of a pod template. */}}
{{- define "serin.podMeta" -}}
labels:
  {{- include "serin.selector" . | nindent 2 }}
  {{- with .root.Values.pod.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .root.Values.pod.annotations }}
annotations: {{ toJson . }}
{{- end }}
{{- end }}

{{/* One of several replicas may be taken away at a time. One replica alone has no budget: a node under it could not be drained. */}}
{{- define "serin.budget" -}}
{{- if gt (int (index .root.Values .part).replicas) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: serin-{{ .part }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "serin.labels" . | nindent 4 }}
spec:
  minAvailable: 1
  selector:
    matchLabels:
      {{- include "serin.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "serin.subject" -}}
{kind: ServiceAccount, name: serin-{{ .part }}, namespace: {{ .root.Release.Namespace }}}
{{- end }}
