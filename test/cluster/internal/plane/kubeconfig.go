package plane

import "encoding/base64"

// kubeconfigTemplate takes the server's address, and in base64 the authority's certificate, the user's certificate and key.
const kubeconfigTemplate = `apiVersion: v1
kind: Config
current-context: serin
clusters:
- name: serin
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: serin
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: serin
  context:
    cluster: serin
    user: serin
`

// encode encodes bytes as a kubeconfig holds them.
func encode(text []byte) string { return base64.StdEncoding.EncodeToString(text) }
