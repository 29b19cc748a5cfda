package outbound

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"
)

func TestCauseIsShort(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"an unknown host":    {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "gate.shop", IsNotFound: true}}, `the host "gate.shop" is unknown`},
		"a slow name server": {&net.DNSError{Name: "gate.shop", IsTimeout: true}, "nothing came within 2s"},
		"the innermost":      {fmt.Errorf("a: %w", fmt.Errorf("b: %w", errors.New("c\nd"))), "c d"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Cause(tc.err, 2*time.Second); got != tc.want {
				t.Errorf("Cause = %q, want %q", got, tc.want)
			}
		})
	}
}
