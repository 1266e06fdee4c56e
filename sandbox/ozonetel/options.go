package ozonetel

import (
	"log/slog"
	"time"

	"github.com/helix-engage/gateway/sandbox/timeline"
)

// AuthMode is the account-wide setting "API Authentication" (ozonetel.md 0). Credentials sent in the other style are refused.
type AuthMode string

// The two styles an account can be set to.
const (
	TokenAuth AuthMode = "TOKEN_AUTH" // Authorization: Bearer, token of generateToken
	BasicAuth AuthMode = "BASIC_AUTH" // header apiKey; the vendor's name, not HTTP Basic
)

// Options configure an emulated CloudAgent account. The zero value is a usable account with two agents.
type Options struct {
	Seed     int64              // decides UCIDs and tokens, together with the time of start
	Timeline *timeline.Timeline // nil: one of its own over Now; a given one must be run by the caller
	Now      func() time.Time   // nil: time.Now; unused when Timeline is given
	Logger   *slog.Logger       // nil: discards
	Account  Account
	Agents   []AgentProfile
	Push     PushTargets
	Timing   Timing
	Limits   RateLimits
	// History is the day before the start, which only the reports know.
	History History
	// AutoDistribute offers waiting calls to READY agents without being told to, as the vendor's distributor does.
	// Off, a call waits in the queue until Offer.
	AutoDistribute bool
	// PushDone, when set, is called after each attempt to deliver a push has been counted, so that a test can await instead of sleeping.
	PushDone func()
}

// Account is what the vendor's administrator would have set up.
type Account struct {
	UserName     string
	APIKey       string
	AuthMode     AuthMode
	Campaign     Campaign
	Dispositions []Disposition // labels of the campaign, in the order that `get` lists them
	PauseReasons []string
}

// Campaign is the account's one inbound and manual campaign.
type Campaign struct {
	ID      string
	Name    string
	DID     string // 91 and ten digits
	SkillID string
	Skill   string
}

// Disposition is a label that agents may set.
type Disposition struct {
	Label    string
	Callback bool // the label needs callBackTime
}

// AgentProfile is one entry of the agent directory.
type AgentProfile struct {
	ID        string // login name
	UniqueID  string // numeric internal id
	Name      string
	Password  string
	Number    string // SIP extension or phone number that the agent logs in with
	PhoneName string // label of that number, not a number
	Mode      string // default login mode, "blended" when empty
	Simulated bool   // a colleague nobody plays: disposes of calls by himself
}

// History is a made-up day of ended calls, 8 to 20 h local time of the day before the start, decided by the seed. None of it is pushed or
// seen by Calls; CDR and performance reports have it.
type History struct {
	Calls  int      // at most 20,000
	Phones []string // ten digits, who called; without any, numbers of 6000000000 and up
}

// PushTargets are the URLs that CloudAgent calls; an empty one is skipped. /events/subscribe replaces the first two.
type PushTargets struct {
	CallEvents  string
	AgentEvents string
	CDR         string
	ScreenPop   string // GET, when an agent's phone rings
}

// Timing holds the durations of the emulated account and of the people on its phones. Zero means the default.
type Timing struct {
	TokenLife  time.Duration // 60 min
	WrapUp     time.Duration // 120 s, then the emulator writes its own label
	AgentRing  time.Duration // how long an agent leg rings before the agent's phone is picked up on a manual dial, 500 ms
	Ring       time.Duration // how long a dialled customer's phone rings before the outcome, 1 s
	OfferLimit time.Duration // an offered call not picked up goes back to the queue, 20 s; only calls that are distributed automatically
	CDRDelay   time.Duration // from hang-up to the CDR push that carries the disposition, 5 min
	// SkipImmediateCDR turns off "Send callback immediately", the CDR push at hang-up that has no disposition yet.
	SkipImmediateCDR bool
	HitTries         int           // attempts per push, 3
	RetryDelay       time.Duration // between attempts, 2 s
}

// DefaultAccount is the account of the acceptance documents.
func DefaultAccount() Account {
	return Account{
		UserName: "sandbox_hospital",
		APIKey:   "KKsandbox0000000000000000000000",
		AuthMode: TokenAuth,
		Campaign: Campaign{ID: "31", Name: "Inbound_918041763265", DID: "918041763265", SkillID: "12", Skill: "General"},
		Dispositions: []Disposition{
			{Label: "General Enquiry"},
			{Label: "Appointment Booked"},
			{Label: "Appointment Rescheduled"},
			{Label: "Appointment Cancelled"},
			{Label: "Call Back", Callback: true},
			{Label: "Not Interested"},
			{Label: "No Answer"},
			{Label: "Wrong Number"},
		},
		PauseReasons: []string{"Break", "Lunch", "Training", "Meeting"},
	}
}

// DefaultAgents are the two agents that people play: agent1 and agent2.
func DefaultAgents() []AgentProfile {
	return []AgentProfile{
		{ID: "agent1", UniqueID: "70001", Name: "Asha", Password: "sandbox-agent1", Number: "521811", PhoneName: "asha-desk"},
		{ID: "agent2", UniqueID: "70002", Name: "Ravi", Password: "sandbox-agent2", Number: "521812", PhoneName: "ravi-desk"},
	}
}

func (o Options) withDefaults() Options {
	if o.Timeline == nil {
		o.Timeline = timeline.New(o.Now)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Account.UserName == "" {
		o.Account = DefaultAccount()
	}
	if o.Account.AuthMode == "" {
		o.Account.AuthMode = TokenAuth
	}
	if o.Agents == nil {
		o.Agents = DefaultAgents()
	}
	o.Timing = o.Timing.withDefaults()
	return o
}

func (t Timing) withDefaults() Timing {
	orDefault(&t.TokenLife, time.Hour)
	orDefault(&t.WrapUp, 120*time.Second)
	orDefault(&t.AgentRing, 500*time.Millisecond)
	orDefault(&t.Ring, time.Second)
	orDefault(&t.OfferLimit, 20*time.Second)
	orDefault(&t.CDRDelay, 5*time.Minute)
	orDefault(&t.RetryDelay, 2*time.Second)
	if t.HitTries == 0 {
		t.HitTries = 3
	}
	return t
}

func orDefault(d *time.Duration, otherwise time.Duration) {
	if *d == 0 {
		*d = otherwise
	}
}
