package fortytwo

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
)

// The headers of a webhook (fortytwo.md 15.2).
const (
	headerTimestamp = "X-Twenty-Webhook-Timestamp"
	headerSignature = "X-Twenty-Webhook-Signature"
)

// macBytes is the size of HMAC-SHA256.
const macBytes = 32

// WebhookSeal reads a webhook's signature: when it was made, what was signed before the raw body, and the HMAC-SHA256.
func WebhookSeal(h http.Header) (at time.Time, prefix string, mac [macBytes]byte, ok bool) {
	stamp := h.Get(headerTimestamp)
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || ms < 0 {
		return time.Time{}, "", mac, false
	}
	raw, err := hex.DecodeString(h.Get(headerSignature))
	if err != nil || len(raw) != macBytes {
		return time.Time{}, "", mac, false
	}
	return time.UnixMilli(ms), stamp + ":", [macBytes]byte(raw), true
}

// watched is an object whose changes the desk hears of: whose values are kept, and which other changes are told.
type watched struct {
	object helix.RecordObject
	values []string
	shown  []string
}

func watchedObjects() []watched {
	return []watched{
		{helix.ObjectCall, []string{"callbackstatus", "providerCallId"}, nil},
		{helix.ObjectFollowUp, []string{"followUpStatus", "dueAt", fieldAssignee, "call"}, []string{"name", "remark", "lead", "patient"}},
		{helix.ObjectLead, []string{"leadStatus", fieldAssignee}, []string{"name", "fullName", "phone"}},
	}
}

// fieldAssignee is whose work a record is.
const fieldAssignee = "assignee"

// notice is what is kept of a webhook: ids, states and times. The body holds the whole record, names and numbers of
// patients included, which the desk reads with the reader's own rights when he looks.
type notice struct {
	Event   string             `json:"event"`          // FortyTwo's, "call.updated"
	Name    string             `json:"name,omitempty"` // of the object, as FortyTwo has it
	Object  helix.RecordObject `json:"object,omitempty"`
	Record  string             `json:"record,omitempty"`
	At      string             `json:"at,omitempty"`
	Member  string             `json:"member,omitempty"`
	Values  map[string]string  `json:"values,omitempty"`  // ours to FortyTwo's
	Changed []string           `json:"changed,omitempty"` // our names
	Told    bool               `json:"told,omitempty"`    // whether the event said what changed
}

// maxValue bounds a kept value, in bytes: an id, a time or a value of a selection.
const maxValue = 64

// ReduceWebhook keeps of a webhook what [Client.DecodeWebhook] reads, and nothing of the record besides; nil when the
// body is no webhook of FortyTwo's.
func (c *Client) ReduceWebhook(_ string, body []byte) []byte {
	var told struct {
		EventName      string `json:"eventName"`
		ObjectMetadata struct {
			NameSingular string `json:"nameSingular"`
		} `json:"objectMetadata"`
		EventDate         string                     `json:"eventDate"`
		WorkspaceMemberID string                     `json:"workspaceMemberId"`
		Record            map[string]json.RawMessage `json:"record"`
		UpdatedFields     []string                   `json:"updatedFields"`
	}
	if json.Unmarshal(body, &told) != nil || !isEventName(told.EventName) {
		return nil
	}
	n := notice{Event: told.EventName, At: short(told.EventDate)} // without its time, two changes of the data model would read alike
	name, _, _ := strings.Cut(told.EventName, ".")
	if told.ObjectMetadata.NameSingular != "" {
		name = told.ObjectMetadata.NameSingular
	}
	if identifier.MatchString(name) && !strings.HasPrefix(told.EventName, metadataPrefix) {
		n.Name, n.Record = name, anID(strings.ToLower(stringOf(told.Record[columnID])))
	}
	for _, w := range watchedObjects() {
		if strings.HasPrefix(told.EventName, metadataPrefix) || !c.overrides.spells(string(w.object), name) {
			continue
		}
		n.Object, n.Member = w.object, anID(told.WorkspaceMemberID)
		n.Told, n.Values = told.UpdatedFields != nil, map[string]string{}
		for _, field := range w.values {
			for key, raw := range told.Record {
				if value := short(stringOf(raw)); value != "" && c.overrides.spellsColumn(w.object, field, key) {
					n.Values[field] = value
				}
			}
		}
		for _, field := range slices.Concat(w.values, w.shown) {
			if slices.ContainsFunc(told.UpdatedFields, func(key string) bool { return c.overrides.spellsColumn(w.object, field, key) }) {
				n.Changed = append(n.Changed, field)
			}
		}
	}
	reduced, err := json.Marshal(n)
	if err != nil {
		return nil
	}
	return reduced
}

// metadataPrefix begins the names of events of the data model.
const metadataPrefix = "metadata."

var errNotice = errors.New("fortytwo: this is no reduced webhook")

// DecodeWebhook reads what [Client.ReduceWebhook] kept. Of an object that the desk does not show it is told which record
// changed and how.
func (c *Client) DecodeWebhook(_ string, body []byte) (helix.ProviderReports, error) {
	var n notice
	if json.Unmarshal(body, &n) != nil || n.Event == "" {
		return helix.ProviderReports{}, errNotice
	}
	if strings.HasPrefix(n.Event, metadataPrefix) {
		return helix.ProviderReports{Changes: []helix.RecordChange{{Model: true}}}, nil
	}
	event, known := recordEvents()[n.Event[strings.LastIndexByte(n.Event, '.')+1:]]
	if !known || n.Record == "" {
		return helix.ProviderReports{}, nil
	}
	at, _ := time.Parse(time.RFC3339, n.At) // zero when it was not told
	change := helix.RecordChange{
		Object: n.Object, Name: n.Name, Record: n.Record, Event: event, At: at.UTC(), Member: helix.MemberID(n.Member),
		Assignee: helix.MemberID(anID(n.Values[fieldAssignee])), Call: anID(n.Values["call"]),
		ProviderCallID: n.Values["providerCallId"],
		Callback:       helix.CallbackStatus(c.overrides.ours(n.Object, "callbackstatus", n.Values["callbackstatus"])),
	}
	switch n.Object {
	case helix.ObjectFollowUp:
		change.Waits = n.Values["dueAt"] != "" && c.overrides.ours(n.Object, "followUpStatus", n.Values["followUpStatus"]) == followUpPending
	case helix.ObjectLead:
		change.Waits = c.overrides.ours(n.Object, "leadStatus", n.Values["leadStatus"]) == leadNew
	}
	if n.Told {
		change.Fields = append([]string{}, n.Changed...)
	}
	return helix.ProviderReports{Changes: []helix.RecordChange{change}}, nil
}

func recordEvents() map[string]helix.RecordEvent {
	return map[string]helix.RecordEvent{
		"created": helix.RecordCreated, "updated": helix.RecordUpdated, "deleted": helix.RecordDeleted,
		"restored": helix.RecordRestored, "destroyed": helix.RecordDestroyed,
	}
}

// spells reports whether name is what the workspace calls a path of ours. Without the data model, which may not be read
// yet when a webhook comes, the rule of [match] holds as far as one name can tell.
func (o overrides) spells(path, name string) bool {
	if theirs := o[path]; theirs != "" {
		return name == theirs
	}
	return strings.EqualFold(name, path[strings.LastIndexByte(path, '.')+1:])
}

// spellsColumn is spells for a field, whose column has "Id" at the end when it is a relation.
func (o overrides) spellsColumn(object helix.RecordObject, field, column string) bool {
	path := string(object) + "." + field
	return o.spells(path, column) || o.spells(path, strings.TrimSuffix(column, "Id"))
}

// ours translates a value of a selection; one that the gateway does not know is "".
func (o overrides) ours(object helix.RecordObject, field, theirs string) string {
	for _, w := range wanted() {
		if w.object != object {
			continue
		}
		for _, f := range w.fields {
			for _, value := range f.values {
				if f.name == field && o.spells(string(object)+"."+field+"."+value, theirs) {
					return value
				}
			}
		}
	}
	return ""
}

// isEventName keeps anything but a name out of the inbox: "call.updated", "metadata.fieldMetadata.created".
func isEventName(s string) bool {
	return len(s) <= 2*maxValue && !strings.ContainsFunc(s, func(r rune) bool { return r != '.' && !isNameRune(r) }) && strings.Contains(s, ".")
}

func anID(s string) string {
	if id, err := uuid.Parse(s); err == nil && len(s) == 36 {
		return id.String()
	}
	return ""
}

func short(s string) string {
	if len(s) > maxValue {
		return ""
	}
	return s
}
