package sandbox

import (
	"fmt"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// Agent is one entry of the agent directory as a gateway needs it.
type Agent struct {
	ID        string
	Email     string // of the workspace member who plays the agent; empty for simulated colleagues
	Name      string
	Password  string // of the telephony account
	Extension string // SIP extension
	PhoneName string
}

// Sign-in of the seeded workspace members.
const (
	MemberPassword  = "sandbox"
	SupervisorEmail = "meera@sandbox.test"
)

// memberOf is the e-mail of the workspace member who plays an agent, empty for a simulated colleague.
func memberOf(agentID string) string {
	switch agentID {
	case "agent1":
		return "asha@sandbox.test"
	case "agent2":
		return "ravi@sandbox.test"
	default:
		return ""
	}
}

// colleagues is how many simulated agents work beside them. Enough for about a tenth more talk than the traffic brings.
func colleagues(traffic Traffic) int {
	if traffic == TrafficBusy {
		return 40
	}
	return 4
}

// directory is the played agents, then the colleagues.
func directory(traffic Traffic) []ozonetel.AgentProfile {
	names := []string{"Kavya", "Imran", "Lakshmi", "Joseph", "Nandini", "Farhan", "Divya", "Suresh", "Anjali", "Vikram"}
	profiles := ozonetel.DefaultAgents()
	for i := range colleagues(traffic) {
		number := len(ozonetel.DefaultAgents()) + 1 + i
		profiles = append(profiles, ozonetel.AgentProfile{
			ID: fmt.Sprintf("agent%d", number), UniqueID: fmt.Sprintf("%d", 70000+number), Name: names[i%len(names)],
			Password: fmt.Sprintf("sandbox-agent%d", number), Number: fmt.Sprintf("%d", 521810+number),
			PhoneName: fmt.Sprintf("desk-%d", number), Simulated: true,
		})
	}
	return profiles
}
