package ozonetel

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// errToken marks a refusal by the token layer, which stands before every application: a new token may help, and
// nothing else has happened (0).
var errToken = errors.New("the token is not accepted")

// limitPause is how long to wait after a rate limit; every documented one counts by the minute or slower (0).
const limitPause = time.Minute

// failure is what documented texts mean.
type failure struct {
	texts   []string // in lower case; parts of the vendor's text
	code    helix.Code
	message string
	cause   error
}

// failures is read from top to bottom: the first text that occurs decides. The sections are those of ozonetel.md.
var failures = []failure{
	{ // the token layer (0)
		[]string{"token expired", "invalid token"},
		helix.CodeUnavailable, "ozonetel does not take the gateway's token at the moment", errToken,
	},
	{ // credentials (0, 1, 2, 3, 4, 5.1, 6, 8, 9, 10.1, 12.1): only the operator can act on them
		[]string{
			"should not be null or empty", "username is null", "username or apikey", "user_name or api_key",
			"apikey should not be empty", "username should not be empty", "username cannot be empty", "please provide username",
			"invalid user details", "proper user credentials", "authentication fails", "unauthorized",
		},
		helix.CodeRejected, "ozonetel does not accept the gateway's credentials", providers.ErrCredentials,
	},
	{ // rate limits (0)
		[]string{"max limit exceeded", "hit will be allowed"},
		helix.CodeTooManyRequests, "ozonetel takes no more requests of this kind for now", nil,
	},
	// agents (2, 3, 5.1)
	{[]string{"invalid authentication"}, helix.CodeRejected, "ozonetel does not accept this agent's id or password", nil},
	{[]string{"logged in with the number"}, helix.CodeAgentTaken, "another agent is logged in with this phone", nil},
	{[]string{"not logged in"}, helix.CodeNotLoggedIn, "the agent is not logged in at ozonetel", nil},
	{[]string{"acw state"}, helix.CodeAgentBusy, "the last call waits for its disposition", nil},
	{[]string{"busy state", "calling state", "incall state"}, helix.CodeAgentBusy, "a call is in the way", nil},
	{[]string{"agent is not available"}, helix.CodeAgentBusy, "ozonetel says that the agent is not ready for a call", nil},
	{[]string{"agentid is invalid"}, helix.CodeNotFound, "ozonetel does not know this agent", nil},
	{[]string{"pausereason is invalid"}, helix.CodeBadInput, "ozonetel does not know this pause reason", nil},
	{[]string{"provide pause reason"}, helix.CodeBadInput, "a pause needs a reason", nil},
	// calls, dispositions and campaigns (4, 5.1, 6, 7, 9, 10.2, 11)
	{[]string{"invalid ucid", "ucid is invalid", "ucid should not be empty", "call not found"}, helix.CodeNotFound, "ozonetel does not know this call", nil},
	{[]string{"invalid agent"}, helix.CodeRejected, "ozonetel says that the call is not this agent's", nil},
	{[]string{"empty disposition"}, helix.CodeBadInput, "a disposition is needed", nil},
	{[]string{"disposition"}, helix.CodeRejected, "ozonetel does not know this disposition", errUnknownLabel},
	{[]string{"callbacktime"}, helix.CodeBadInput, "this disposition needs a time to call back", nil},
	{[]string{"valid conference number"}, helix.CodeBadInput, "ozonetel does not take this number for a conference", nil},
	{[]string{"no record found"}, helix.CodeNotFound, "ozonetel knows nothing of that name", nil},
	{[]string{"campaign is invalid", "invalid campaignname", "campaignname is invalid"}, helix.CodeRejected, "ozonetel does not know the campaign", nil},
}

// vendorFaults are texts by which the vendor says that it broke, not that it refused (4 has the first): whether
// anything was done is open.
var vendorFaults = []string{"please retry", "try again", "internal", "exception", "timeout", "timed out"}

// errUnknownLabel is the cause when a campaign does not have the label. The vendor documents no text for it, so any
// text about a disposition that is not documented otherwise is taken for it.
var errUnknownLabel = errors.New("the campaign has no such label")

// failureOf codes the vendor's text; nil when it means nothing to us.
func failureOf(text string) *helix.Error {
	lower := strings.ToLower(text)
	for _, f := range failures {
		if !containsAny(lower, f.texts) {
			continue
		}
		err := &helix.Error{Code: f.code, Message: f.message, Detail: quote(text), Err: f.cause}
		switch f.code {
		case helix.CodeTooManyRequests:
			err.Retryable, err.RetryAfter = true, limitPause
		case helix.CodeAgentBusy, helix.CodeUnavailable:
			err.Retryable = true
		}
		return err
	}
	return nil
}

// refusalOf codes a text that came with a status of failure. Words that mean nothing to us are a refusal that only the
// operator can read; a fault of the vendor is left uncoded, so that the operation's safety decides.
func refusalOf(text string) error {
	if err := failureOf(text); err != nil {
		return err
	}
	if containsAny(strings.ToLower(text), vendorFaults) {
		return errors.New(quote(text))
	}
	return &helix.Error{Code: helix.CodeRejected, Message: "ozonetel refused the request", Detail: quote(text)}
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// maxText bounds how much of a vendor's text is kept.
const maxText = 160

var (
	digits    = regexp.MustCompile(`\+?\d{5,}`)
	addresses = regexp.MustCompile(`(?i)\b(?:https?|wss?)://\S*`)
)

// quote makes a vendor's text fit for a log: phone numbers and call ids lose their digits, and addresses, which may
// hold secrets, are left out.
func quote(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	text = addresses.ReplaceAllString(strings.ToValidUTF8(text, "?"), "#")
	return "the vendor says: " + digits.ReplaceAllString(text, "#")
}
