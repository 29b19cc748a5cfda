package download

import "testing"

const indexText = `# a comment: with a colon
releases:
  v1.37.0:
    envtest-v1.37.0-linux-amd64.tar.gz:
      hash: aa
      selfLink: https://host.invalid/37.0
  v1.37.10:
    "envtest-v1.37.10-linux-amd64.tar.gz":
      selfLink: "https://host.invalid/37.10"
      hash: 'bb'
    envtest-v1.37.11-linux-amd64.tar.gz:
      selfLink: https://host.invalid/no-hash
  v1.37.9:
    envtest-v1.37.9-linux-amd64.tar.gz:
      hash: cc
      selfLink: https://host.invalid/37.9
    envtest-odd.tar.gz:
      hash: dd
      selfLink: https://host.invalid/odd
`

func TestNewestArchiveOfTheMinorVersion(t *testing.T) {
	chosen, err := newest(parseIndex(indexText), "v1.37.2", Platform{OS: "linux", Arch: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	if chosen.link != "https://host.invalid/37.10" || chosen.hash != "bb" {
		t.Errorf("got %+v, want the one of v1.37.10: 10 is more than 9, and v1.37.11 has no hash", chosen)
	}
	for _, tc := range []struct{ version, os string }{{"v1.36.0", "linux"}, {"v1.37.0", "darwin"}, {"odd", "linux"}} {
		if _, err := newest(parseIndex(indexText), tc.version, Platform{OS: tc.os, Arch: "amd64"}); err == nil {
			t.Errorf("there is an archive of %s for %s", tc.version, tc.os)
		}
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add(indexText)
	f.Add("envtest-v1.37.0-linux-amd64.tar.gz")
	f.Add("hash: a\nselfLink: b")
	f.Fuzz(func(t *testing.T, text string) {
		for _, archive := range parseIndex(text) {
			if archive.hash == "" || archive.link == "" || archive.platform.OS == "" {
				t.Errorf("an entry without all its parts: %+v", archive)
			}
		}
	})
}
