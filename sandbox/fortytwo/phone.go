package fortytwo

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// phone is one number as PHONES has it: national digits, "+91", "IN".
type phone struct{ number, callingCode, countryCode string }

func phoneError(subCode, message string) *apiError { return badInput(subCode, message, "%s", message) }

// normalise fills in what is missing and stores the number without its calling code (fortytwo.md 7).
func (p phone) normalise() (phone, *apiError) {
	if err := p.checkCodes(); err != nil {
		return p, err
	}
	if p.number == "" {
		return p, nil
	}
	invalid := phoneError("INVALID_PHONE_NUMBER", "Provided phone number is invalid "+p.number)
	parsed, err := phonenumbers.Parse(p.number, p.defaultRegion())
	if err != nil {
		return p, invalid
	}
	region := phonenumbers.GetRegionCodeForNumber(parsed)
	callingCode := "+" + strconv.Itoa(int(parsed.GetCountryCode()))
	if region != "" && p.countryCode != "" && region != p.countryCode {
		return p, phoneError("CONFLICTING_PHONE_COUNTRY_CODE", "Provided and inferred country code are conflicting")
	}
	if p.callingCode != "" && callingCode != "+"+strings.TrimLeft(p.callingCode, "+") {
		return p, phoneError("CONFLICTING_PHONE_CALLING_CODE", "Provided and inferred calling code are conflicting")
	}
	p.number = phonenumbers.GetNationalSignificantNumber(parsed)
	if p.callingCode == "" {
		p.callingCode = callingCode
	}
	if p.countryCode == "" {
		p.countryCode = region
	}
	return p, nil
}

func (p phone) checkCodes() *apiError {
	if p.countryCode != "" && phonenumbers.GetCountryCodeForRegion(p.countryCode) == 0 {
		return phoneError("INVALID_PHONE_COUNTRY_CODE", "Invalid country code "+p.countryCode)
	}
	if p.callingCode == "" {
		return nil
	}
	regions := p.regions()
	if len(regions) == 0 {
		return phoneError("INVALID_PHONE_CALLING_CODE", "Invalid calling code "+p.callingCode)
	}
	if p.countryCode != "" && !slices.Contains(regions, p.countryCode) {
		return phoneError("CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE", "Provided country code and calling code are conflicting")
	}
	return nil
}

// regions share the calling code, the main one first.
func (p phone) regions() []string {
	code, err := strconv.Atoi(strings.TrimLeft(p.callingCode, "+"))
	if err != nil {
		return nil
	}
	return phonenumbers.GetRegionCodesForCountryCode(code)
}

// defaultRegion is where a national number belongs; none is known when no code is given.
func (p phone) defaultRegion() string {
	if p.countryCode != "" {
		return p.countryCode
	}
	if regions := p.regions(); len(regions) > 0 {
		return regions[0]
	}
	return "ZZ"
}
