package knowlarity

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// metadata is the first message of a stream in a dialect (knowlarity.md 6.4); nil for none.
func (c *call) metadata(dialect Dialect, rate int) []byte {
	v := c.look()
	var members object
	switch dialect {
	case DialectMissing:
		return nil
	case DialectH, DialectPython, DialectBroken:
		members = object{
			"callid": c.id, "virtual_number": v.Number, "customer_number": v.Customer, "event_timestamp": v.AnsweredAt.UnixMilli(), "ivr_data": "{}",
		}
		given, _ := c.flow.metadata.(map[string]any)
		maps.Copy(members, given)
	case DialectT:
		members = object{"callid": c.id, "customer_number": v.Customer}
	default:
		welcome := object{"welcome_message": "Welcome", "event": "websocket:connected", "call_type": "outbound"}
		if given, ok := c.flow.metadata.(map[string]any); ok {
			welcome = maps.Clone(given)
		}
		members = object{"uuid": c.id, "sample_rate": rate, "from": v.Customer, "to": v.Number, "campaign": "", "metadata": welcome}
	}
	if dialect == DialectPython {
		return []byte(python(members))
	}
	data, err := json.Marshal(members)
	if err != nil {
		return nil // decoded JSON always marshals
	}
	if dialect == DialectBroken {
		return data[:len(data)*2/3]
	}
	return data
}

// python writes decoded JSON as a Python program prints it.
func python(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return pythonString(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = python(part)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, pythonString(name)+": "+python(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return "None"
	}
}

// pythonString quotes with ', or with " when there is a ' and no " in the text.
func pythonString(text string) string {
	quote := "'"
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = `"`
	}
	escaped := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote, `\`+quote).Replace(text)
	return quote + escaped + quote
}
