package gitops

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

// scripts is where the scripts lie.
const scripts = "../../config/gitops/argocd"

// script reads one of them.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(scripts, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run runs a script on an object and reads what it returns into a value. The libraries are those that Argo CD opens for a
// script of its ConfigMap: package, base and table, and of os what tells the time, behind require.
func run(t *testing.T, text string, object map[string]any, now time.Time, into any) {
	t.Helper()
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	l.PreloadModule(lua.OsLibName, func(l *lua.LState) int {
		l.Push(l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{"time": func(l *lua.LState) int {
			l.Push(lua.LNumber(now.Unix()))
			return 1
		}}))
		return 1
	})
	l.SetGlobal("obj", luajson.DecodeValue(l, plain(t, object)))
	if err := l.DoString(text); err != nil {
		t.Fatalf("the script fails: %v", err)
	}
	encoded, err := luajson.Encode(l.Get(-1))
	if err != nil {
		t.Fatalf("what the script returns is no JSON: %v", err)
	}
	if err := json.Unmarshal(encoded, into); err != nil {
		t.Fatalf("the script returns %s: %v", encoded, err)
	}
}
