package fortytwo

import (
	"fmt"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// seedNames are first and last names, each in Latin and in Devanagari.
var (
	seedFirst = [][2]string{
		{"Aarav", "आरव"},
		{"Aditi", "अदिति"},
		{"Anjali", "अंजलि"},
		{"Arjun", "अर्जुन"},
		{"Deepa", "दीपा"},
		{"Farhan", "फ़रहान"},
		{"Gauri", "गौरी"},
		{"Imran", "इमरान"},
		{"Ishaan", "ईशान"},
		{"Jyoti", "ज्योति"},
		{"Kabir", "कबीर"},
		{"Kavita", "कविता"},
		{"Lakshmi", "लक्ष्मी"},
		{"Manish", "मनीष"},
		{"Meenal", "मीनल"},
		{"Neha", "नेहा"},
		{"Nikhil", "निखिल"},
		{"Pooja", "पूजा"},
		{"Rahul", "राहुल"},
		{"Rekha", "रेखा"},
		{"Rohan", "रोहन"},
		{"Sameer", "समीर"},
		{"Sanjana", "संजना"},
		{"Shreya", "श्रेया"},
		{"Sunil", "सुनील"},
		{"Tara", "तारा"},
		{"Usha", "उषा"},
		{"Vikram", "विक्रम"},
	}
	seedLast = [][2]string{
		{"Agarwal", "अग्रवाल"},
		{"Bansal", "बंसल"},
		{"Chauhan", "चौहान"},
		{"Deshmukh", "देशमुख"},
		{"Gupta", "गुप्ता"},
		{"Iyer", "अय्यर"},
		{"Joshi", "जोशी"},
		{"Khan", "ख़ान"},
		{"Kulkarni", "कुलकर्णी"},
		{"Mehta", "मेहता"},
		{"Mishra", "मिश्रा"},
		{"Nair", "नायर"},
		{"Patel", "पटेल"},
		{"Rao", "राव"},
		{"Reddy", "रेड्डी"},
		{"Saxena", "सक्सेना"},
		{"Sharma", "शर्मा"},
		{"Singh", "सिंह"},
		{"Verma", "वर्मा"},
		{"Yadav", "यादव"},
	}
	seedTreatments = []string{"knee replacement", "cataract surgery", "cardiology consultation", "physiotherapy", "dental implant", "health check-up"}
	seedOutcomes   = []string{"General Enquiry", "Appointment Booked", "Call Back", "Not Interested"}
)

func pickOne[T any](s *seeder, list []T) T { return list[s.random.IntN(len(list))] }

// phone gives a valid Indian mobile number that nobody else has, ten digits.
func (s *seeder) phone() string {
	for {
		number := fmt.Sprintf("%s%08d", pickOne(s, []string{"98", "97", "99", "94", "88", "70"}), s.random.IntN(100_000_000))
		parsed, err := phonenumbers.Parse(number, "IN")
		if err == nil && !s.taken[number] && phonenumbers.GetNumberType(parsed) == phonenumbers.MOBILE {
			s.taken[number] = true
			return number
		}
	}
}

// person makes up a name; one in three is written in Devanagari.
func (s *seeder) person() seedPerson {
	script := 0
	if s.random.IntN(3) == 0 {
		script = 1
	}
	return seedPerson{phone: s.phone(), first: pickOne(s, seedFirst)[script], last: pickOne(s, seedLast)[script]}
}

func phones(number string) row {
	return row{"primaryPhoneNumber": number, "primaryPhoneCallingCode": "+91", "primaryPhoneCountryCode": "IN", "additionalPhones": nil}
}

func fullName(p seedPerson) row { return row{"firstName": p.first, "lastName": p.last} }

// ago is a moment in the past, to the second, spread over days.
func (s *seeder) ago(days int) time.Time {
	return s.now.Add(-time.Duration(s.random.Int64N(int64(days)*24*3600)) * time.Second).Truncate(time.Second)
}

func (s *seeder) lead(i int) {
	p := s.person()
	status := pickOne(s, []string{"NEW", "NEW", "CONTACTED", "QUALIFIED", "CONVERTED", "LOST"})
	if i%3 != 2 {
		p.assignee = s.agents[i%2%len(s.agents)].MemberID
	}
	created := s.ago(60)
	r := s.ws.seedRow("lead", row{
		"name": p.name(), "fullName": fullName(p), "phone": phones(p.phone), "leadStatus": status,
		"email":  row{"primaryEmail": fmt.Sprintf("caller%d@example.com", i), "additionalEmails": nil},
		"source": pickOne(s, []string{"WEBSITE", "REFERRAL", "CAMPAIGN", "WALK_IN", "PHONE"}), "assigneeId": blank(p.assignee),
		"score": float64(s.random.IntN(101)), "keywords": []string{pickOne(s, seedTreatments)}, "optIn": s.random.IntN(2) == 0,
		"createdAt": created, "updatedAt": created,
	})
	p.id = asText(r["id"])
	s.leads = append(s.leads, p)
	if s.facts.SampleLead.LeadID == "" && i >= seedShared && i%6 == 0 {
		s.facts.SampleLead = SeededCaller{LeadID: p.id, Name: p.name(), Phone: "+91" + p.phone}
	}
}

// patient makes the first of them leads too, under the same number.
func (s *seeder) patient(i int) {
	p := s.person()
	if i < seedShared && i < len(s.leads) {
		p = s.leads[i]
	}
	created := s.ago(400)
	r := s.ws.seedRow("patient", row{
		"name": p.name(), "fullName": fullName(p), "phone": phones(p.phone), "mrn": fmt.Sprintf("MRN-%05d", 10_000+i),
		"dateOfBirth": s.now.AddDate(-18-s.random.IntN(65), 0, -s.random.IntN(365)).Format(time.DateOnly),
		"gender":      pickOne(s, []string{"FEMALE", "MALE", "OTHER"}), "createdAt": created, "updatedAt": created,
	})
	lead := p.id
	p.id = asText(r["id"])
	s.sick = append(s.sick, p)
	if lead != "" && s.facts.SharedCaller.LeadID == "" {
		s.facts.SharedCaller = SeededCaller{LeadID: lead, PatientID: p.id, Name: p.name(), Phone: "+91" + p.phone}
	}
}

func (s *seeder) appointment(i int) {
	p := pickOne(s, s.sick)
	at := s.now.Truncate(time.Hour).Add(time.Duration(s.random.IntN(24*40)-24*20) * time.Hour)
	status := pickOne(s, []string{"BOOKED", "CONFIRMED"})
	if at.Before(s.now) {
		status = pickOne(s, []string{"COMPLETED", "COMPLETED", "NO_SHOW", "CANCELLED"})
	}
	values := row{
		"name": "Appointment: " + pickOne(s, seedTreatments), "scheduledAt": at, "durationMinutes": float64(15 * (1 + s.random.IntN(4))),
		"appointmentStatus": status, "patientId": p.id,
	}
	if i%4 == 0 {
		values["leadId"] = pickOne(s, s.leads).id
	}
	s.ws.seedRow("appointment", values)
}

// call makes calls that are over. None is waiting to be called back: the missed-call queue starts empty.
func (s *seeder) call(i int) {
	started := s.ago(30)
	agent := pickOne(s, s.agents)
	values := row{
		"providerCallId": fmt.Sprintf("seed-%06d", i), "startedAt": started, "createdAt": started, "updatedAt": started,
		"direction": pickOne(s, []string{"INBOUND", "INBOUND", "OUTBOUND"}), "callsourcenumber": "918041763265",
	}
	p := pickOne(s, s.leads)
	values["leadId"] = p.id
	if i%3 == 0 {
		p = pickOne(s, s.sick)
		values["leadId"], values["patientId"] = nil, p.id
	}
	values["name"], values["callerNumber"] = "Call with "+p.name(), phones(p.phone)
	if s.random.IntN(4) == 0 {
		values["callStatus"], values["durationSeconds"], values["endedAt"] = "MISSED", 0.0, started.Add(20*time.Second)
		values["callbackstatus"] = pickOne(s, []string{"CALLBACK_COMPLETED", "CALLBACK_COMPLETED", "INVALID", "WRONG_NUMBER"})
		values["missedcallcount"], values["callbackattemptedat"] = float64(1+s.random.IntN(3)), started.Add(10*time.Minute)
	} else {
		seconds := 20 + s.random.IntN(600)
		values["callStatus"], values["durationSeconds"] = "COMPLETED", float64(seconds)
		values["endedAt"] = started.Add(time.Duration(seconds) * time.Second)
		values["agentName"], values["agentId"], values["disposition"] = agent.Name, agent.MemberID, pickOne(s, seedOutcomes)
	}
	s.calls = append(s.calls, s.ws.seedRow("call", values))
}

// followUp makes half of them pending; of these some are overdue and some are due later.
func (s *seeder) followUp(i int) {
	p := s.leads[s.random.IntN(len(s.leads))]
	status := "PENDING"
	if i%2 == 1 {
		status = pickOne(s, []string{"DONE", "SKIPPED"})
	}
	due := s.now.Truncate(time.Minute).Add(time.Duration(s.random.IntN(14*24)-4*24) * time.Hour)
	values := row{
		"name": "Follow up with " + p.name(), "dueAt": due, "followUpStatus": status, "remark": "About " + pickOne(s, seedTreatments),
		"leadId": p.id, "assigneeId": s.agents[(i/2)%len(s.agents)].MemberID,
	}
	if i%5 == 0 {
		values["callId"] = pickOne(s, s.calls)["id"]
	}
	s.ws.seedRow("followUp", values)
}

// contacts are a few records of the standard objects.
func (s *seeder) contacts() {
	for i := range 5 {
		company := s.ws.seedRow("company", row{
			"name": fmt.Sprintf("Referral Partner %d", i+1), "employees": float64(10 * (i + 1)), "idealCustomerProfile": i%2 == 0,
			"domainName": row{"primaryLinkUrl": fmt.Sprintf("https://partner%d.example.com", i+1), "primaryLinkLabel": nil, "secondaryLinks": nil},
		})
		p := s.person()
		s.ws.seedRow("person", row{
			"name": fullName(p), "phones": phones(p.phone), "companyId": company["id"], "jobTitle": "Referring doctor",
			"emails": row{"primaryEmail": fmt.Sprintf("doctor%d@example.com", i+1), "additionalEmails": nil},
		})
	}
}
