package existing

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeKubectl answers like kubectl does for a cluster that is ready.
const fakeKubectl = `#!/bin/sh
case "$*" in
"get --raw=/readyz "*) echo ok ;;
"get --raw=/version "*) echo '{"gitVersion":"v1.30.0"}' ;;
"config view "*) printf '%s' "https://host.invalid" ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
`

func TestCheckTellsAddressAndVersion(t *testing.T) {
	cluster, err := Check(t.Context(), kubectl(t, fakeKubectl), "/does/not/exist:"+file(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Cluster{Server: "https://host.invalid", Version: "v1.30.0"}); cluster != want {
		t.Errorf("got %+v, want %+v", cluster, want)
	}
}

func TestCheckTellsWhatKubectlSays(t *testing.T) {
	config := file(t)
	_, err := Check(t.Context(), kubectl(t, "#!/bin/sh\necho connection refused >&2\nexit 1\n"), config)
	for _, want := range []string{"KUBECONFIG=" + config, "connection refused"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestCheckNeedsAFile(t *testing.T) {
	for _, kubeconfig := range []string{"/does/not/exist", "/does/not/exist:/nor/this"} {
		_, err := Check(t.Context(), kubectl(t, fakeKubectl), kubeconfig)
		if err == nil || !strings.Contains(err.Error(), "KUBECONFIG="+kubeconfig) {
			t.Errorf("got %v, want an error that names %s", err, kubeconfig)
		}
	}
}

// file makes a file that is there, which is all that matters here.
func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// kubectl makes a program in the place of kubectl.
func kubectl(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubectl")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
