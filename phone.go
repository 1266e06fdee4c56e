package helix

import "strings"

// Phone is a telephone number in E.164 form: "+", country code, subscriber number, e.g. "+919812345678". The empty
// Phone is a withheld or unknown number. Package internal/phone parses; this type carries the proof.
type Phone string

// Last10 gives the last ten digits, the form in which Indian providers agree about one number whatever prefix they
// send (ozonetel.md 12.3). Shorter numbers come back whole, without the "+".
func (p Phone) Last10() string {
	d := strings.TrimPrefix(string(p), "+")
	if len(d) > 10 {
		d = d[len(d)-10:]
	}
	return d
}

// Conference gives "0" and the last ten digits: the only form that CloudAgent's call control takes for an Indian
// number (ozonetel.md 6). Numbers of other countries keep their E.164 form.
func (p Phone) Conference() string {
	if strings.HasPrefix(string(p), "+91") {
		return "0" + p.Last10()
	}
	return string(p)
}

// Masked gives a form that may be shown in a log: the country code's first digits and the last two, "+91********78".
func (p Phone) Masked() string {
	if len(p) < 6 {
		return strings.Repeat("*", len(p))
	}
	return string(p[:3]) + strings.Repeat("*", len(p)-5) + string(p[len(p)-2:])
}
