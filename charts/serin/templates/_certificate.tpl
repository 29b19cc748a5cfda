{{/* What keeps the serving certificate of the TrafficMetrics servers, by the servers themselves. Takes what a part takes. */}}
{{- define "serin.metrics.rotate" -}}
---
# Empty, because the servers fill it. An upgrade takes nothing out.
apiVersion: v1
kind: Secret
metadata:
  name: serin-metrics-certificate
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "serin.labels" . | nindent 4 }}
type: Opaque
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: serin-metrics-certificate
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "serin.release" . | nindent 4 }}
rules:
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [serin-metrics-certificate]
  verbs: [get, list, watch, update]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: serin-metrics-certificate
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "serin.release" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: serin-metrics-certificate}
subjects:
- {{ include "serin.subject" . }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: serin-metrics-certificate
  labels:
    {{- include "serin.release" . | nindent 4 }}
rules:
- apiGroups: [apiregistration.k8s.io]
  resources: [apiservices]
  resourceNames: [v1alpha1.metrics.smi-spec.io]
  verbs: [get, list, watch, update]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: serin-metrics-certificate
  labels:
    {{- include "serin.release" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: serin-metrics-certificate}
subjects:
- {{ include "serin.subject" . }}
{{- end }}

{{/*
The same by cert-manager: an authority that signs itself, and a certificate that it signs. Renewals of the certificate leave the
caBundle as it is, and the authority is renewed with the same key: so what the servers show until the kubelet has brought them
the new files is verified all the time. A certificate that signs itself would not be. Takes (dict "this" PART "secret" NAME).
*/}}
{{- define "serin.metrics.certManager" -}}
{{- $meta := include "serin.metrics.certManager.meta" .this }}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: serin-metrics-self-signed
  {{- $meta | nindent 2 }}
spec:
  selfSigned: {}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: serin-metrics-authority
  {{- $meta | nindent 2 }}
spec:
  secretName: serin-metrics-authority
  issuerRef: {name: serin-metrics-self-signed, kind: Issuer}
  commonName: serin-metrics-authority
  isCA: true
  duration: 87600h0m0s  # 10 years
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Never}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: serin-metrics
  {{- $meta | nindent 2 }}
spec:
  ca: {secretName: serin-metrics-authority}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: serin-metrics
  {{- $meta | nindent 2 }}
spec:
  secretName: {{ .secret }}
  issuerRef: {name: serin-metrics, kind: Issuer}
  dnsNames:
  - serin-metrics.{{ .this.root.Release.Namespace }}.svc
  usages: [digital signature, server auth]
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
{{- end }}

{{- define "serin.metrics.certManager.meta" -}}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "serin.labels" . | nindent 2 }}
{{- end }}
