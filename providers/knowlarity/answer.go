package knowlarity

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// limitPause is how long to wait after a limit that names no time.
const limitPause = time.Minute

// placed judges the answer to a dial: nil when the call is placed, a coded refusal when it is not, and any other error
// when nobody knows.
func (c *Client) placed(op providers.Operation, r providers.Response, private []string) (id string, err error) {
	doc, readable := object(r.Body)
	if !r.OK() {
		return "", c.refused(op, r, words(doc), private...)
	}
	if !readable {
		return "", errors.New("the answer is no JSON object")
	}
	answer, success := doc["success"].(map[string]any)
	id = callID(answer)
	if id == "" {
		id = callID(doc)
	}
	if inner, ok := doc["response"].(map[string]any); ok && id == "" {
		id = callID(inner)
	}
	status := strings.ToLower(scalar(answer["status"]))
	switch {
	case has(doc, "error"):
		return "", refusal(words(doc), private...)
	case success && slices.Contains([]string{"error", "fail", "failed", "failure"}, status):
		return "", refusal(words(answer), private...)
	case success && status == "success":
		return id, nil
	case c.o.Strategy == StrategyCampaign && scalar(doc["status_code"]) == "1": // 2.3
		return "", nil
	}
	return id, errors.New("the answer says neither that the call was placed nor that it was refused")
}

// callID finds the id of a call in an answer; what is no id is none.
func callID(doc map[string]any) string {
	if id := scalar(doc["call_id"]); len(id) <= maxID && !blank(id) {
		return id
	}
	return ""
}

// words finds the provider's words for a failure (2.1).
func words(doc map[string]any) string {
	switch e := doc["error"].(type) {
	case map[string]any:
		if text := scalar(e["message"]); text != "" {
			return text
		}
	case string:
		return e
	}
	return scalar(doc["message"])
}

// has reports whether a member is there and says something.
func has(doc map[string]any, name string) bool {
	switch v := doc[name].(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return !blank(v)
	case map[string]any:
		return len(v) > 0
	default:
		return true
	}
}

// refused codes a 4xx. A throttle may wear a 403, for a gateway stands before the provider (1).
func (c *Client) refused(op providers.Operation, r providers.Response, text string, private ...string) error {
	if containsAny(strings.ToLower(text), limits) {
		return tooMany(text, private...)
	}
	var err *helix.Error
	if !errors.As(c.http.Refused(op, r), &err) {
		return errors.New("HTTP " + strconv.Itoa(r.Status))
	}
	if r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden {
		err.Message = "knowlarity does not accept the gateway's credentials"
	}
	if text != "" {
		err.Detail += ": " + quote(text, private...)
	}
	return err
}

// The provider publishes no list of its texts (2.1); these parts, in lower case, tell kinds of them apart.
var (
	limits  = []string{"limit exceeded", "too many", "throttl", "rate limit"}
	faults  = []string{"internal", "exception", "timeout", "timed out", "traceback", "unexpected"}
	passing = []string{"busy", "try again", "retry", "concurren", "channel", "capacity", "temporar", "unavailable", "not available"}
)

// refusal codes an `error` in a 2xx. The provider says that it did not dial; words about a fault of its own do not say
// so, and are left uncoded, so that the operation's safety decides.
func refusal(text string, private ...string) error {
	lower := strings.ToLower(text)
	switch {
	case containsAny(lower, limits):
		return tooMany(text, private...)
	case containsAny(lower, faults):
		return errors.New(quote(text, private...))
	}
	return &helix.Error{
		Code: helix.CodeRejected, Message: "knowlarity refused the request", Detail: quote(text, private...), Retryable: containsAny(lower, passing),
	}
}

func tooMany(text string, private ...string) *helix.Error {
	return &helix.Error{
		Code: helix.CodeTooManyRequests, Message: "knowlarity takes no more requests for now",
		Retryable: true, RetryAfter: limitPause, Detail: quote(text, private...),
	}
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// quote makes the provider's text fit for a log.
func quote(text string, private ...string) string {
	return "the vendor says: " + providers.Quote(text, private...)
}

// privateTexts are what a dial says of the patient: the provider may quote it when it refuses the dial.
func privateTexts(r helix.DialRequest) []string {
	return leaves([]string{r.Greeting, r.StreamURL}, r.Metadata, 0)
}

// leaves collects the texts of a value.
func leaves(into []string, v any, depth int) []string {
	if depth > maxDepth {
		return into
	}
	switch v := v.(type) {
	case string:
		return append(into, v)
	case map[string]any:
		for _, inner := range v {
			into = leaves(into, inner, depth+1)
		}
	case []any:
		for _, inner := range v {
			into = leaves(into, inner, depth+1)
		}
	case json.RawMessage:
		if doc, err := value(v); err == nil {
			return leaves(into, doc, depth+1)
		}
	}
	return into
}
