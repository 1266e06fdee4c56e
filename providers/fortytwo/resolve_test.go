package fortytwo

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// metadataOf reads metadata as the generated code does.
func metadataOf(t testing.TB, objects []map[string]any) []objectMetadata {
	t.Helper()
	raw, err := json.Marshal(objects)
	if err != nil {
		t.Fatal(err)
	}
	var read []objectMetadata
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// edit changes one field of the default metadata; nil removes it.
func edit(objects []map[string]any, object, name string, change map[string]any) []map[string]any {
	for _, o := range objects {
		if o["nameSingular"] != object {
			continue
		}
		var kept []map[string]any
		for _, f := range o["fieldsList"].([]map[string]any) {
			if f["name"] == name {
				if change == nil {
					continue
				}
				maps.Copy(f, change)
			}
			kept = append(kept, f)
		}
		o["fieldsList"] = kept
	}
	return objects
}

func TestNamesAreFoundAsTheWorkspaceSpellsThem(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		object, field string
		change        map[string]any
		fieldMap      string
		want          string // FortyTwo's name of the field; "" when missing
		missing       []string
	}{
		"the exact name": {"call", "callbackstatus", map[string]any{}, "", "callbackstatus", nil},
		"a name that differs in case": {
			"call", "callbackstatus", map[string]any{"name": "callbackStatus"}, "", "callbackStatus", nil,
		},
		"a name that only the field map knows": {
			"call", "callbackstatus", map[string]any{"name": "returnCall"}, "call.callbackstatus=returnCall", "returnCall", nil,
		},
		"a field map that names nothing is not papered over": {
			"call", "agentName", map[string]any{}, "call.agentName=nobody", "", []string{"call.agentName"},
		},
		"a field that is not there": {"call", "callbackattemptedat", nil, "", "", []string{"call.callbackattemptedat"}},
		"a field that was deactivated": {
			"lead", "score", map[string]any{"isActive": false}, "", "", []string{"lead.score"},
		},
		"a field of another type": {
			"lead", "phone", map[string]any{"type": "TEXT"}, "", "", []string{"lead.phone (is TEXT, not PHONES)"},
		},
		"a name that could not stand in a document": {
			"lead", "score", map[string]any{"name": "score } me {"}, "", "", []string{"lead.score"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parseFieldMap(c.fieldMap)
			if err != nil {
				t.Fatal(err)
			}
			m := resolve(1, metadataOf(t, edit(defaultObjects(), c.object, c.field, c.change)), o)
			got := ""
			if f := m.objects[helix.RecordObject(c.object)].fields[c.field]; f != nil {
				got = f.name
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if diff := gocmp.Diff(c.missing, m.missing); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTwoNamesThatDifferInCaseAloneAreNotGuessedBetween(t *testing.T) {
	t.Parallel()
	objects := edit(defaultObjects(), "call", "callbackstatus", map[string]any{"name": "callbackStatus"})
	objects = edit(objects, "call", "summary", map[string]any{"name": "CallbackStatus"})
	m := resolve(1, metadataOf(t, objects), nil)
	if f := m.objects[helix.ObjectCall].fields["callbackstatus"]; f != nil {
		t.Errorf("picked %q", f.name)
	}
}

func TestValuesAndRelationsAreTranslated(t *testing.T) {
	t.Parallel()
	objects := edit(defaultObjects(), "call", "callbackstatus", map[string]any{
		"options": []any{map[string]any{"value": "PENDING"}, map[string]any{"value": "invalid"}},
	})
	objects = edit(objects, "followUp", "lead", map[string]any{"name": "enquiry", "settings": map[string]any{"joinColumnName": "enquiryId"}})
	o, err := parseFieldMap("call.callbackstatus.PENDING_CALLBACK=PENDING, followUp.lead=enquiry")
	if err != nil {
		t.Fatal(err)
	}
	m := resolve(1, metadataOf(t, objects), o)
	want := map[string]string{"PENDING_CALLBACK": "PENDING", "INVALID": "invalid"}
	if diff := gocmp.Diff(want, m.objects[helix.ObjectCall].fields["callbackstatus"].values); diff != "" {
		t.Error(diff)
	}
	f, absent := m.objects[helix.ObjectFollowUp].writable("leadId")
	if absent || f == nil || f.column != "enquiryId" {
		t.Errorf("leadId is written to %+v", f)
	}
	wantMissing := []string{
		"call.callbackstatus.CALLBACK_ATTEMPTED", "call.callbackstatus.CALLBACK_COMPLETED", "call.callbackstatus.WRONG_NUMBER",
	}
	if diff := gocmp.Diff(wantMissing, m.missing); diff != "" {
		t.Error(diff)
	}
}

func TestAMissingObjectIsNamedOnce(t *testing.T) {
	t.Parallel()
	m := resolve(1, metadataOf(t, defaultObjects()[1:]), nil)
	if diff := gocmp.Diff([]string{"lead"}, m.missing); diff != "" {
		t.Error(diff)
	}
	_, err := m.object(helix.ObjectLead)
	wantCode(t, err, helix.CodeNotConfigured)
}

func TestAFieldMapThatMeansNothingIsRefusedWithAllItsFaults(t *testing.T) {
	t.Parallel()
	_, err := parseFieldMap("lead=prospect, call.nosuch=x, patient, lead=other, call.callStatus.NOPE=A, lead.phone=a b, call.x.y.z=q")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{
		`"call.nosuch"`, `"patient"`, `"lead" is mapped twice`, `"call.callStatus.NOPE"`, `"lead.phone=a b"`, `"call.x.y.z"`,
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("does not mention %s: %v", part, err)
		}
	}
}

func FuzzFieldMapsAreReadWithoutPanic(f *testing.F) {
	f.Add("call.callbackstatus=callBackState,lead=prospect")
	f.Add("a=b=c,,=,.=.,lead.leadStatus.NEW=X")
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseFieldMap(s)
		for ours, theirs := range o {
			if err != nil || !isWanted(ours) || !identifier.MatchString(theirs) {
				t.Fatalf("accepted %q=%q with error %v", ours, theirs, err)
			}
		}
	})
}
