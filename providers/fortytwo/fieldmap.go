package fortytwo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// overrides maps a path of ours ("call", "call.callbackstatus", "call.callbackstatus.INVALID") to FortyTwo's word.
type overrides map[string]string

// identifier is what FortyTwo allows as a name, and the only thing that is ever built into a document.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)

// parseFieldMap reads [Options.FieldMap]; all faults are reported together.
func parseFieldMap(s string) (overrides, error) {
	o := overrides{}
	var faults []string
	for pair := range strings.SplitSeq(s, ",") {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		ours, theirs, ok := strings.Cut(pair, "=")
		ours, theirs = strings.TrimSpace(ours), strings.TrimSpace(theirs)
		switch {
		case !ok || !identifier.MatchString(theirs):
			faults = append(faults, fmt.Sprintf("%q is not of the form ours=theirs", pair))
		case !isWanted(ours):
			faults = append(faults, fmt.Sprintf("%q is nothing that the gateway uses", ours))
		case o[ours] != "":
			faults = append(faults, fmt.Sprintf("%q is mapped twice", ours))
		default:
			o[ours] = theirs
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("FORTYTWO_FIELD_MAP: %s", strings.Join(faults, "; "))
	}
	return o, nil
}

// isWanted reports whether path names an object, a field or a selection's value of the model. A selection without
// values of its own takes any.
func isWanted(path string) bool {
	parts := strings.Split(path, ".")
	for _, w := range wanted() {
		if w.object != helix.RecordObject(parts[0]) {
			continue
		}
		if len(parts) == 1 {
			return true
		}
		i := slices.IndexFunc(w.fields, func(f wantedField) bool { return f.name == parts[1] })
		switch {
		case i < 0 || len(parts) > 3:
			return false
		case len(parts) == 2:
			return true
		default:
			f := w.fields[i]
			return f.kind == kindSelect && (len(f.values) == 0 || slices.Contains(f.values, parts[2]))
		}
	}
	return false
}
