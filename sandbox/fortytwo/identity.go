package fortytwo

// User is a person who can sign in. Email and Role are needed; the rest has defaults.
type User struct {
	Email, Password     string
	FirstName, LastName string
	Role                string // label of a role of the workspace
	MemberID            string // id of the workspace member; made when empty
}

// user is a person on the server, in any number of workspaces.
type user struct {
	id, email, password string
	first, last         string
}

// callerKind tells tokens apart.
type callerKind int

const (
	nobody callerKind = iota
	agnostic
	member
	keyHolder
)

// caller is who a request comes from, looked up again for every request.
type caller struct {
	kind      callerKind
	user      *user
	workspace *workspace
	member    *membership
	memberID  string
	key       *apiKey
	role      *Role
}

// actor is what createdBy and updatedBy say of the caller (fortytwo.md 2.5 and 7).
func (c *caller) actor() row {
	if c.kind == keyHolder {
		return row{"source": "API", "name": c.key.name, "workspaceMemberId": nil, "context": newDict()}
	}
	name := c.user.first
	if c.user.last != "" {
		name += " " + c.user.last
	}
	return row{"source": "MANUAL", "name": name, "workspaceMemberId": c.memberID, "context": newDict()}
}

func (k callerKind) String() string {
	return [...]string{"none", "agnostic", "user", "api-key"}[k]
}
