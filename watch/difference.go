package watch

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
)

// unmentioned are fields that every write changes: naming them says nothing.
var unmentioned = []string{"updatedAt"}

// changed names the members of two JSON objects that differ, sorted. A member that only one of them has is none: a right was
// given or taken, and not the record changed.
func changed(before, after json.RawMessage) ([]string, error) {
	var was, is map[string]json.RawMessage
	if err := json.Unmarshal(before, &was); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &is); err != nil {
		return nil, err
	}
	names := []string{}
	for name, value := range is {
		if old, both := was[name]; both && !slices.Contains(unmentioned, name) && !sameJSON(old, value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// sameJSON compares values whose members may stand in another order.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) == 0 || a[0] != '{' && a[0] != '[' {
		return false
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
