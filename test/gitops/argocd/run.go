package argocd

import (
	"encoding/json"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

// Run runs a script on an object and reads what it returns into a value. The libraries are those that Argo CD opens for a
// script of its ConfigMap: package, base and table, and of os what tells the time, behind require.
func Run(script string, object map[string]any, now time.Time, into any) error {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return err
		}
	}
	l.PreloadModule(lua.OsLibName, func(l *lua.LState) int {
		l.Push(l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{"time": func(l *lua.LState) int {
			l.Push(lua.LNumber(now.Unix()))
			return 1
		}}))
		return 1
	})
	given, err := plain(object)
	if err != nil {
		return err
	}
	l.SetGlobal("obj", luajson.DecodeValue(l, given))
	if err := l.DoString(script); err != nil {
		return fmt.Errorf("the script fails: %w", err)
	}
	encoded, err := luajson.Encode(l.Get(-1))
	if err != nil {
		return fmt.Errorf("what the script returns is no JSON: %w", err)
	}
	if err := json.Unmarshal(encoded, into); err != nil {
		return fmt.Errorf("the script returns %s: %w", encoded, err)
	}
	return nil
}

// plain is an object with the types that encoding/json reads: the only ones that Lua's decoder knows.
func plain(object map[string]any) (any, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var out any
	return out, json.Unmarshal(text, &out)
}
