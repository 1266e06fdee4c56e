package upstream

// Caller is the person for whom documents are sent. What FortyTwo answers him is shown to nobody else.
type Caller struct {
	Key      [32]byte // SHA-256 of Token
	Token    string   // his bearer token, without the scheme; never empty
	Language string   // Accept-Language as he sent it, or ""
	Locale   string   // x-locale as he sent it, or ""
}

// Request is one GraphQL document for FortyTwo, with exactly one root field: its errors carry no path, so only then is it
// known what failed (fortytwo.md 0.2).
type Request struct {
	Body     []byte // the complete JSON body; it is kept and must never change after it was given to [Client.Do]
	Mutation bool   // it is sent at most once and shared with nobody
	Name     string // the root field as the schema spells it, for traces and metrics; "" unless it is known to the schema
}
