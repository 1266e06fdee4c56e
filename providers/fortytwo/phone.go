package fortytwo

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"

	helix "github.com/helix-engage/gateway"
)

// splitPhone gives the parts in which FortyTwo keeps a number: "+91" and "9812345678" (fortytwo.md 7).
func splitPhone(p helix.Phone) (calling, national string, ok bool) {
	n, err := phonenumbers.Parse(string(p), "ZZ")
	if err != nil {
		return "", "", false
	}
	return "+" + strconv.Itoa(int(n.GetCountryCode())), phonenumbers.GetNationalSignificantNumber(n), true
}
