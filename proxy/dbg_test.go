package proxy

import (
	"github.com/go-logr/logr/testr"
	"testing"
)

func dbg(t testing.TB, o *Options) { o.Log = testr.NewWithInterface(t, testr.Options{Verbosity: 1}) }
