package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// maxAgentsFile bounds AGENTS_FILE, in bytes: ten thousand agents and more.
const maxAgentsFile = 4 << 20

// Directory is the agent directory: which member works as which agent, on which phone. It never changes.
type Directory struct {
	seats   []helix.AgentSeat
	byEmail map[string]*helix.AgentSeat
}

// Seat gives the desk of the member with this e-mail, or nil. The directory may be nil.
func (d *Directory) Seat(email string) *helix.AgentSeat {
	if d == nil {
		return nil
	}
	return d.byEmail[strings.ToLower(strings.TrimSpace(email))]
}

// Seats gives every desk, in the order of the file.
func (d *Directory) Seats() []helix.AgentSeat {
	if d == nil {
		return nil
	}
	return d.seats
}

// String tells how many desks there are and nothing of them: a seat holds a password.
func (d *Directory) String() string { return fmt.Sprintf("%d agents", len(d.Seats())) }

// readDirectory reads AGENTS_FILE or, without one, makes the directory of the single agent.
func readDirectory(c AgentsConfig, f *faults) *Directory {
	d := &Directory{byEmail: map[string]*helix.AgentSeat{}}
	switch {
	case c.File != "":
		text, err := readAgentsFile(c.File)
		if err != nil {
			f.add("AGENTS_FILE", "cannot be read", err.Error())
			return d
		}
		d.seats = parseAgents(text, c, f)
	case c.Email != "":
		d.seats = []helix.AgentSeat{c.single(f)}
	}
	d = newDirectory(d.seats)
	d.refuseDuplicates(f)
	return d
}

// newDirectory finds desks by e-mail.
func newDirectory(seats []helix.AgentSeat) *Directory {
	d := &Directory{seats: seats, byEmail: map[string]*helix.AgentSeat{}}
	for i := range d.seats {
		d.byEmail[d.seats[i].Email] = &d.seats[i]
	}
	return d
}

// single is the one agent of the OZONETEL_* variables.
func (c AgentsConfig) single(f *faults) helix.AgentSeat {
	if !strings.Contains(c.Email, "@") {
		f.add("OZONETEL_AGENT_EMAIL", "is no e-mail address", "write the one that the agent signs in to FortyTwo with")
	}
	if c.Password.Empty() {
		f.add("OZONETEL_AGENT_PASSWORD", "is not set although OZONETEL_AGENT_EMAIL is", "set the agent's password with Ozonetel")
	}
	return helix.AgentSeat{
		Email: c.Email, Agent: helix.AgentID(c.ID), Password: c.Password.Reveal(), SIPExtension: c.SIPID, Campaign: c.Campaign, DID: c.DID,
	}
}

func readAgentsFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxAgentsFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxAgentsFile)
	}
	return os.ReadFile(path)
}

// agentEntry is one value of AGENTS_FILE. Campaign and DID default to OZONETEL_CAMPAIGN_NAME and OZONETEL_DID.
type agentEntry struct {
	AgentID      string `json:"agentId"`
	Password     Secret `json:"password"`
	SIPExtension string `json:"sipExtension"`
	Campaign     string `json:"campaign"`
	DID          string `json:"did"`
}

// parseAgents reads the object entry by entry: a map would keep the last of two members with one e-mail in silence.
func parseAgents(text []byte, c AgentsConfig, f *faults) []helix.AgentSeat {
	const form = `write {"e-mail": {"agentId": "…", "password": "…", "sipExtension": "…"}}`
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	decoder.DisallowUnknownFields()
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		f.add("AGENTS_FILE", "is not a JSON object", form)
		return nil
	}
	var seats []helix.AgentSeat
	for decoder.More() {
		key, err := decoder.Token()
		var entry agentEntry
		if err == nil {
			err = decoder.Decode(&entry)
		}
		if err != nil {
			f.add("AGENTS_FILE", fmt.Sprintf("cannot be read at entry %d (%s)", len(seats)+1, jsonFault(err)), form)
			return seats
		}
		seats = append(seats, entry.seat(key.(string), c, f))
	}
	if _, err := decoder.Token(); err != nil || decoder.More() {
		f.add("AGENTS_FILE", "does not end after its object", form)
	}
	return seats
}

func (e agentEntry) seat(email string, c AgentsConfig, f *faults) helix.AgentSeat {
	seat := helix.AgentSeat{
		Email: strings.ToLower(strings.TrimSpace(email)), Agent: helix.AgentID(e.AgentID), Password: e.Password.Reveal(),
		SIPExtension: e.SIPExtension, Campaign: e.Campaign, DID: e.DID,
	}
	if seat.Campaign == "" {
		seat.Campaign = c.Campaign
	}
	if seat.DID == "" {
		seat.DID = c.DID
	}
	for _, field := range []struct{ name, value string }{
		{"agentId", e.AgentID}, {"password", seat.Password}, {"sipExtension", e.SIPExtension},
	} {
		if field.value == "" {
			f.add("AGENTS_FILE", fmt.Sprintf("has no %s for %q", field.name, email), "every agent needs agentId, password and sipExtension")
		}
	}
	if !strings.Contains(email, "@") {
		f.add("AGENTS_FILE", fmt.Sprintf("has the key %q", email), "keys are the e-mails that agents sign in to FortyTwo with")
	}
	return seat
}

// jsonFault tells where a document is wrong without quoting it: it holds passwords.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("syntax, at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s should be a %s", kind.Field, kind.Type.Kind())
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return strings.TrimPrefix(err.Error(), "json: ")
	default:
		return "it is cut off"
	}
}

// refuseDuplicates notes members, agents and extensions that occur twice: two people would share one telephony session.
func (d *Directory) refuseDuplicates(f *faults) {
	emails, agents, extensions := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, s := range d.seats {
		agent := strings.ToLower(string(s.Agent))
		if emails[s.Email] {
			f.add("AGENTS_FILE", fmt.Sprintf("has %q twice", s.Email), "leave one entry for each member")
		}
		if other, taken := agents[agent]; taken && agent != "" {
			f.add("AGENTS_FILE", fmt.Sprintf("gives agent %q to %q and %q", s.Agent, other, s.Email), "an agent belongs to one member")
		}
		if other, taken := extensions[s.SIPExtension]; taken && s.SIPExtension != "" {
			f.add("AGENTS_FILE", fmt.Sprintf("gives extension %q to %q and %q", s.SIPExtension, other, s.Email), "a phone belongs to one member")
		}
		emails[s.Email], agents[agent], extensions[s.SIPExtension] = true, s.Email, s.Email
	}
}
