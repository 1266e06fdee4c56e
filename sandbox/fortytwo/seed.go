package fortytwo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// SeedFacts are what a test or a start-up message needs to know of the seeded data.
type SeedFacts struct {
	WorkspaceID string
	Password    string // of every default user
	Users       []SeededUser
	// SampleLead is a lead assigned to the first agent whose phone belongs to nobody else; SharedCaller is both a lead and a patient.
	SampleLead, SharedCaller SeededCaller
	// OtherWorkspace is another tenant of the same server: its tokens are valid, but not for the hospital.
	OtherWorkspace OtherWorkspace
}

// SeededUser is a user of the hospital with the ids that must be kept apart (fortytwo.md 2.4).
type SeededUser struct {
	Email, Name, Role                 string
	UserID, UserWorkspaceID, MemberID string
}

// SeededCaller is a person who calls.
type SeededCaller struct {
	LeadID, PatientID, Name string
	Phone                   string // E.164
}

// OtherWorkspace is the second tenant with its one user.
type OtherWorkspace struct {
	ID, Email, Password string
	Origin              string // picks the workspace at sign-in
}

// SeedFacts gives what was seeded.
func (s *Server) SeedFacts() SeedFacts { return s.seeded }

// addUser makes a user, unless there is one of that e-mail, and a member of the workspace.
func (s *Server) addUser(ws *workspace, in User) error {
	s.mu.Lock()
	id := uuid.NewSHA1(namespace, []byte("user/"+in.Email)).String()
	if s.users[id] == nil {
		s.users[id] = &user{id: id, email: in.Email, password: in.Password, first: in.FirstName, last: in.LastName}
	}
	s.mu.Unlock()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	role := ws.roleLabelled(in.Role)
	if role == nil {
		return fmt.Errorf("fortytwo emulator: user with the unknown role %q", in.Role)
	}
	m := &membership{
		userWorkspaceID: uuid.NewSHA1(namespace, []byte(ws.id+"/user/"+in.Email)).String(), memberID: in.MemberID, role: role,
	}
	if m.memberID == "" {
		m.memberID = uuid.NewSHA1(namespace, []byte(ws.id+"/member/"+in.Email)).String()
	}
	ws.members[id] = m
	ws.seedRow("workspaceMember", row{
		"id": m.memberID, "name": row{"firstName": blank(in.FirstName), "lastName": blank(in.LastName)}, "userEmail": in.Email, "userId": id,
		"locale": "en", "timeZone": "Asia/Kolkata", "colorScheme": "Light",
	})
	return nil
}

// seedRow stores a row without webhooks or activities. Columns that the data model lacks are left out.
func (ws *workspace) seedRow(object string, values row) row {
	o := ws.objectNamed(object)
	if o == nil {
		return values
	}
	if values["id"] == nil {
		values["id"] = ws.newID()
	}
	stored := row{}
	for column, value := range values {
		if f, byColumn := o.resolve(column); f != nil && (byColumn || f.relation == nil) {
			stored[column] = value
		}
	}
	now := ws.now()
	for _, stamp := range []string{"createdAt", "updatedAt"} {
		if stored[stamp] == nil {
			stored[stamp] = now
		}
	}
	system := row{"source": "SYSTEM", "name": "System", "workspaceMemberId": nil, "context": newDict()}
	stored["createdBy"], stored["updatedBy"] = system, system
	ws.nextNumber++
	stored["position"] = float64(ws.nextNumber)
	id := asText(stored["id"])
	ws.tables[o].insert(&record{id: id, number: ws.nextNumber, row: stored})
	return stored
}

// seed makes the users, the gateway's key, and unless Options.Empty the records. It runs before anything else.
func (s *Server) seed() error {
	ws, other := s.workspaces[0], s.workspaces[1]
	for _, u := range s.options.Users {
		if err := s.addUser(ws, u); err != nil {
			return err
		}
	}
	foreign := User{
		Email: "owner@clinic.test", Password: defaultPassword, FirstName: "Farah", LastName: "Khan", Role: s.options.Roles[0].Label,
	}
	if err := s.addUser(other, foreign); err != nil {
		return err
	}
	s.seeded = SeedFacts{
		WorkspaceID: ws.id, Password: defaultPassword,
		OtherWorkspace: OtherWorkspace{ID: other.id, Email: foreign.Email, Password: foreign.Password, Origin: "http://clinic.localhost:3001"},
	}
	for _, u := range s.options.Users {
		id := uuid.NewSHA1(namespace, []byte("user/"+u.Email)).String()
		m := ws.members[id]
		s.seeded.Users = append(s.seeded.Users, SeededUser{
			Email: u.Email, Name: u.FirstName + " " + u.LastName, Role: u.Role,
			UserID: id, UserWorkspaceID: m.userWorkspaceID, MemberID: m.memberID,
		})
	}
	key := ws.addKey("Gateway", ws.keyRole(), ws.now().AddDate(10, 0, 0))
	s.gatewayKey = s.keyToken(ws, key, key.expiresAt)
	if !s.options.Empty {
		newSeeder(ws, s.options.Seed, &s.seeded).run()
	}
	return nil
}

// keyRole is the first role that may be given to a key.
func (ws *workspace) keyRole() *roleEntry {
	roles := sortedRoles(ws)
	for _, r := range roles {
		if r.AssignableToAPIKeys {
			return r
		}
	}
	return roles[0]
}

// seeder makes a hospital's records out of a seed and the time of start.
type seeder struct {
	ws     *workspace
	random *rand.Rand
	now    time.Time
	facts  *SeedFacts
	taken  map[string]bool // phones
	leads  []seedPerson
	sick   []seedPerson
	calls  []row
	agents []SeededUser
}

// seedPerson is a lead or a patient.
type seedPerson struct {
	id, phone, first, last string
	assignee               string // member id
}

func (p seedPerson) name() string { return p.first + " " + p.last }

// How many records there are of each kind.
const (
	seedLeads        = 540
	seedPatients     = 320
	seedShared       = 60 // of the patients, who are leads too
	seedAppointments = 240
	seedCalls        = 420
	seedFollowUps    = 130
)

func newSeeder(ws *workspace, seed int64, facts *SeedFacts) *seeder {
	s := &seeder{
		ws: ws, random: rand.New(rand.NewPCG(uint64(seed), 0x5eed)),
		now: ws.now(), facts: facts, taken: map[string]bool{},
	}
	for _, u := range facts.Users {
		if u.Role == "Agent" {
			s.agents = append(s.agents, u)
		}
	}
	if len(s.agents) == 0 {
		s.agents = facts.Users
	}
	return s
}

func (s *seeder) run() {
	for i := range seedLeads {
		s.lead(i)
	}
	for i := range seedPatients {
		s.patient(i)
	}
	for i := range seedAppointments {
		s.appointment(i)
	}
	for i := range seedCalls {
		s.call(i)
	}
	for i := range seedFollowUps {
		s.followUp(i)
	}
	s.contacts()
}
