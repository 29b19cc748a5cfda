package proxy

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestABodyIsSentAgainFromItsStart(t *testing.T) {
	body := &replay{source: iotest.OneByteReader(strings.NewReader("payload"))}
	first, _ := body.open()
	part := make([]byte, 3)
	if _, err := io.ReadFull(first, part); err != nil {
		t.Fatal(err)
	}
	second, err := body.open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(part); !errors.Is(err, errSuperseded) {
		t.Errorf("the first reading goes on: %v", err)
	}
	if all, err := io.ReadAll(second); string(all) != "payload" || err != nil {
		t.Errorf("the second reading got %q, error %v", all, err)
	}
	third, _ := body.open()
	if all, err := io.ReadAll(third); string(all) != "payload" || err != nil {
		t.Errorf("the third reading got %q, error %v", all, err)
	}
}

func TestABodyThatIsTooLongIsSentOnce(t *testing.T) {
	tests := map[string]struct {
		length  int
		settled bool
		whole   bool
	}{
		"at the bound":            {length: maxReplay, whole: true},
		"beyond it":               {length: maxReplay + 1},
		"when nobody asks for it": {length: 10, settled: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			body := &replay{source: strings.NewReader(strings.Repeat("x", tc.length))}
			body.settled.Store(tc.settled)
			first, _ := body.open()
			if n, err := io.Copy(io.Discard, first); n != int64(tc.length) || err != nil {
				t.Errorf("read %d, error %v", n, err)
			}
			if _, err := body.open(); (err == nil) != tc.whole || body.isWhole() != tc.whole {
				t.Errorf("sent again: %v", err)
			}
		})
	}
}

func TestABodyThatTheClientBreaksOff(t *testing.T) {
	body := &replay{source: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("ab")))}
	first, _ := body.open()
	if _, err := io.ReadAll(first); err == nil || !body.broken.Load() {
		t.Errorf("error %v, broken %v", err, body.broken.Load())
	}
}
