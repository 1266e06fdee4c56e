package fortytwo

import (
	"log/slog"
	"net/http"
	"time"
)

// Options configure an emulated server. The zero value is a usable one: the hospital's data model, seeded, with its users.
type Options struct {
	Seed   int64            // decides records and their ids
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: discards

	// Line is the generation of FortyTwo that is emulated; empty: Line27.
	Line Line

	// Metadata is the data model of both workspaces; nil: StandardObjects and HospitalObjects. An object workspaceMember is needed.
	Metadata []ObjectSpec
	// Empty leaves out the seeded records; users and their members are there all the same.
	Empty bool
	// Roles of the workspaces; nil: Admin, Agent, Supervisor.
	Roles []Role
	// Users of the first workspace; nil: DefaultUsers.
	Users []User

	// WorkspaceID of the first workspace; empty: a fixed one.
	WorkspaceID   string
	WorkspaceName string
	InviteHash    string // lets signUpInWorkspace in; default sandbox-invite-hash
	FrontURL      string // of the front end, in workspaceUrls; default http://localhost:3001
	AppSecret     string // signs HS256 tokens of older servers; default: a fixed one

	AccessTokenTTL  time.Duration // default 30 minutes, also of workspace-agnostic tokens
	RefreshTokenTTL time.Duration // default 60 days
	LoginTokenTTL   time.Duration // default 15 minutes
	Rate            RateLimit

	// StreamComment is how often an event stream says that it is alive; default 12 s.
	StreamComment time.Duration

	// WebhookClient delivers webhooks; nil: one with a time-out of 5 s.
	WebhookClient *http.Client
}

// RateLimit is how many root fields may be asked for (fortytwo.md 12). Zero values are upstream's; Off lifts it.
type RateLimit struct {
	Off bool

	// Of line 2.7, shared by the API keys of a workspace.
	Short, Long int // default 100 and 100
	ShortWindow time.Duration
	LongWindow  time.Duration // default 1 s and 60 s

	// Of line 1.5, for each user; callers without one share by address.
	PerCaller    int           // default 500
	CallerWindow time.Duration // default 100 s
}

// defaultPassword is every default user's.
const defaultPassword = "sandbox"

// DefaultUsers are an administrator, two agents and their supervisor.
func DefaultUsers() []User {
	return []User{
		{Email: "admin@sandbox.test", Password: defaultPassword, FirstName: "Anita", LastName: "Menon", Role: "Admin"},
		{Email: "asha@sandbox.test", Password: defaultPassword, FirstName: "Asha", LastName: "Nair", Role: "Agent"},
		{Email: "ravi@sandbox.test", Password: defaultPassword, FirstName: "Ravi", LastName: "Kulkarni", Role: "Agent"},
		{Email: "meera@sandbox.test", Password: defaultPassword, FirstName: "Meera", LastName: "Iyer", Role: "Supervisor"},
	}
}

// DefaultRoles are those that DefaultUsers have.
func DefaultRoles() []Role {
	return []Role{AdminRole(), MemberRole("Agent"), MemberRole("Supervisor")}
}

func (o Options) withDefaults() Options {
	setDefault(&o.Line, Line27)
	setDefault(&o.WorkspaceID, "3b8e6f6d-2a51-4c1c-9d0b-6d0b7f4b8a11")
	setDefault(&o.WorkspaceName, "Sandbox Hospital")
	setDefault(&o.InviteHash, "sandbox-invite-hash")
	setDefault(&o.FrontURL, "http://localhost:3001")
	setDefault(&o.AppSecret, "sandbox-app-secret")
	setDefault(&o.AccessTokenTTL, 30*time.Minute)
	setDefault(&o.RefreshTokenTTL, 60*24*time.Hour)
	setDefault(&o.LoginTokenTTL, 15*time.Minute)
	setDefault(&o.Rate.Short, 100)
	setDefault(&o.Rate.Long, 100)
	setDefault(&o.Rate.ShortWindow, time.Second)
	setDefault(&o.Rate.LongWindow, time.Minute)
	setDefault(&o.Rate.PerCaller, 500)
	setDefault(&o.Rate.CallerWindow, 100*time.Second)
	setDefault(&o.StreamComment, 12*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metadata == nil {
		o.Metadata = append(StandardObjects(), HospitalObjects()...)
	}
	if o.Roles == nil {
		o.Roles = DefaultRoles()
	}
	if o.Users == nil {
		o.Users = DefaultUsers()
	}
	if o.WebhookClient == nil {
		o.WebhookClient = &http.Client{Timeout: webhookTimeout}
	}
	return o
}

func setDefault[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}
