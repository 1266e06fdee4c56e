package fortytwo

import (
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// encode turns a value of a [helix.RecordWrite] into what FortyTwo takes for the field's type (fortytwo.md 7). It
// refuses with BAD_USER_INPUT what FortyTwo would misread rather than refuse, such as a time without a zone.
func (f *field) encode(v any) (any, error) {
	if v == nil {
		return f.empty(), nil
	}
	switch f.kind {
	case kindNumber:
		return f.encodeNumber(v)
	case kindBoolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, f.bad("is not a boolean")
	case kindJSON, kindArray:
		return v, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, f.bad("is not a string")
	}
	if s == "" {
		return f.empty(), nil
	}
	switch f.kind {
	case kindText:
		return s, nil
	case kindDateTime:
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return nil, f.bad("is not an RFC 3339 time")
		}
		return t.UTC().Format(millisecond), nil
	case kindDate:
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return nil, f.bad("is not a date")
		}
		return s, nil
	case kindSelect:
		return f.encodeOption(s)
	case kindPhones:
		national, calling := phone.National(helix.Phone(s))
		if national == "" {
			return nil, f.bad("is not a phone number in E.164 form")
		}
		return map[string]any{"primaryPhoneNumber": national, "primaryPhoneCallingCode": calling}, nil
	case kindLinks:
		if u, err := url.Parse(s); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, f.bad("is not an http address")
		}
		return map[string]any{"primaryLinkUrl": s}, nil
	case kindRelation:
		if !isRecordID(s) {
			return nil, f.bad("is not a record id")
		}
		return strings.ToLower(s), nil
	default:
		return nil, f.bad("cannot be written")
	}
}

// empty clears a field. TEXT and the texts inside composites are cleared by "", since 1.5 refuses null for them.
func (f *field) empty() any {
	switch f.kind {
	case kindText:
		return ""
	case kindPhones:
		return map[string]any{"primaryPhoneNumber": "", "primaryPhoneCallingCode": "", "primaryPhoneCountryCode": ""}
	case kindLinks:
		return map[string]any{"primaryLinkUrl": ""}
	default:
		return nil
	}
}

func (f *field) encodeNumber(v any) (any, error) {
	switch n := v.(type) {
	case int, int32, int64:
		return n, nil
	case float64:
		if !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n, nil
		}
	case json.Number:
		if _, err := n.Float64(); err == nil {
			return n, nil
		}
	}
	return nil, f.bad("is not a number")
}

// encodeOption translates a value of a SELECT. One that the workspace lacks is NOT_CONFIGURED, so that the write goes
// without the field; one that nobody knows is the writer's fault.
func (f *field) encodeOption(ours string) (any, error) {
	if theirs, ok := f.values[ours]; ok {
		return theirs, nil
	}
	if f.wantsAny && slices.Contains(f.options, ours) {
		return ours, nil
	}
	if !f.wantsAny && isWanted(f.path+"."+ours) {
		return nil, lacking(f.path + "." + ours)
	}
	return nil, f.bad("is not a value of the selection")
}

func (f *field) bad(what string) error {
	return &helix.Error{
		Code: helix.CodeBadInput, Message: f.path + " " + what, Provider: helix.ProviderFortyTwo, Op: "fortytwo.upsert",
	}
}
