package wire

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Value is one value of an object, and where in the object it stands.
type Value struct {
	log  *Log
	path string
	data any
}

// Present reports whether the field is there and not null.
func (v Value) Present() bool { return v.data != nil }

// Fault records a sentence that begins with the value's path.
func (v Value) Fault(format string, args ...any) {
	v.log.Fault("%s %s", v.path, fmt.Sprintf(format, args...))
}

// Field returns a field of an object, absent when it is not there.
func (v Value) Field(name string) Value {
	field := Value{log: v.log, path: v.path + "." + name}
	switch fields := v.data.(type) {
	case nil:
	case map[string]any:
		field.data = fields[name]
	default:
		v.Fault("must be an object with fields, not %s", v.shown())
	}
	return field
}

// Items returns the items of a list, none when it is absent. An item that is null is a fault and left out.
func (v Value) Items() []Value {
	list, isList := v.data.([]any)
	if !isList && v.Present() {
		v.Fault("must be a list, not %s", v.shown())
	}
	items := make([]Value, 0, len(list))
	for i, data := range list {
		item := Value{log: v.log, path: fmt.Sprintf("%s[%d]", v.path, i), data: data}
		if !item.Present() {
			item.Fault("is null")
			continue
		}
		items = append(items, item)
	}
	return items
}

// Keys returns the field names of an object in alphabetical order.
func (v Value) Keys() []string {
	fields, isObject := v.data.(map[string]any)
	if !isObject && v.Present() {
		v.Fault("must be an object with fields, not %s", v.shown())
	}
	return slices.Sorted(maps.Keys(fields))
}

// IsList reports whether the value is a list.
func (v Value) IsList() bool {
	_, isList := v.data.([]any)
	return isList
}

// Text returns a string, empty when it is absent.
func (v Value) Text() string {
	switch data := v.data.(type) {
	case nil:
	case string:
		return data
	case map[string]any, []any:
		v.Fault("must be text, not %s", v.shown())
	default:
		// YAML makes a number of 1 and a truth value of yes; what was written is not known any more.
		v.Fault("is %s, not text; write it in quotes", v.shown())
	}
	return ""
}

// RequiredText returns a string that must not be absent or empty.
func (v Value) RequiredText() string {
	text := v.Text()
	if text == "" && (v.data == nil || v.data == "") {
		v.Fault("is missing")
	}
	return text
}

// Port returns a port number, 0 when it is absent. A number in quotes is read as the number.
func (v Value) Port() int32 {
	if !v.Present() {
		return 0
	}
	text, isText := v.data.(string)
	if !isText {
		text = fmt.Sprint(v.data)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		v.Fault("is %s, which is not a port (1 to 65535)", v.shown())
	}
	return int32(port)
}

// shown is the value as a sentence shows it: short, and quoted when it is text.
func (v Value) shown() string {
	switch data := v.data.(type) {
	case string:
		return fmt.Sprintf("%.40q", data)
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	default:
		return fmt.Sprint(data)
	}
}

// Keep reads the items of a list and keeps those that were understood whole.
func Keep[T any](list Value, read func(Value) T) []T {
	var kept []T
	for _, item := range list.Items() {
		before := list.log.faults
		one := read(item)
		if list.log.faults == before {
			kept = append(kept, one)
		}
	}
	return kept
}
