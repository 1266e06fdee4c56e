package fortytwo

import (
	"encoding/json"
	"net/mail"
	"net/url"
	"strings"
)

// transform is what upstream does to a composite before it is stored.
func transform(f *fieldMeta, given row) *apiError {
	switch f.typ {
	case TypePhones:
		return transformPhones(given)
	case TypeEmails:
		return transformEmails(f, given)
	case TypeLinks:
		return transformLinks(given)
	case TypeRichText:
		transformRichText(given)
	}
	return nil
}

// transformPhones: an empty number clears all three parts; a number alone must carry its calling code (fortytwo.md 7).
func transformPhones(given row) *apiError {
	text := func(key string) string { s, _ := given[key].(string); return s }
	_, hasNumber := given["primaryPhoneNumber"]
	primary := phone{
		number: text("primaryPhoneNumber"), callingCode: text("primaryPhoneCallingCode"), countryCode: text("primaryPhoneCountryCode"),
	}
	if hasNumber && primary.number == "" {
		primary = phone{}
	}
	primary, err := primary.normalise()
	if err != nil {
		return err
	}
	set := func(key, value string) {
		if _, was := given[key]; was || value != "" || hasNumber {
			given[key] = blank(value)
		}
	}
	set("primaryPhoneNumber", primary.number)
	set("primaryPhoneCallingCode", primary.callingCode)
	set("primaryPhoneCountryCode", primary.countryCode)
	list, ok := given["additionalPhones"].([]any)
	if !ok {
		return nil
	}
	normalised := make([]any, 0, len(list))
	for _, item := range list {
		object, _ := item.(*dict)
		part := func(key string) string { v, _ := object.get(key); s, _ := v.(string); return s }
		p, err := phone{number: part("number"), callingCode: part("callingCode"), countryCode: part("countryCode")}.normalise()
		if err != nil {
			return err
		}
		out := newDict()
		out.set("number", p.number)
		out.set("callingCode", p.callingCode)
		out.set("countryCode", p.countryCode)
		normalised = append(normalised, out)
	}
	given["additionalPhones"] = normalised
	return nil
}

func transformEmails(f *fieldMeta, given row) *apiError {
	check := func(part, address string) (string, *apiError) {
		parsed, err := mail.ParseAddress(address)
		if err != nil || parsed.Address != address {
			name := f.name + "." + part
			return "", badInput(subData, "Invalid value for email: \""+inspect(address)+"\"",
				"Invalid string value %s for email field \"%s\"", inspect(address), name)
		}
		return strings.ToLower(address), nil
	}
	if address, ok := given["primaryEmail"].(string); ok {
		lower, err := check("primaryEmail", address)
		if err != nil {
			return err
		}
		given["primaryEmail"] = lower
	}
	list, ok := given["additionalEmails"].([]any)
	if !ok {
		return nil
	}
	lowered := make([]any, 0, len(list))
	for _, item := range list {
		address, _ := item.(string)
		lower, err := check("additionalEmails", address)
		if err != nil {
			return err
		}
		lowered = append(lowered, lower)
	}
	given["additionalEmails"] = lowered
	return nil
}

// transformLinks lower-cases the host and cuts one trailing slash.
func transformLinks(given row) *apiError {
	link, ok := given["primaryLinkUrl"].(string)
	if !ok {
		return nil
	}
	withScheme := link
	if !strings.Contains(link, "://") {
		withScheme = "https://" + link
	}
	parsed, err := url.Parse(withScheme)
	if err != nil || parsed.Host == "" || !strings.Contains(parsed.Hostname(), ".") && parsed.Hostname() != "localhost" ||
		strings.ContainsAny(parsed.Host, " <>\"") {
		return badInput("INVALID_URL", "Invalid URL: "+link, "Invalid URL: %s", link)
	}
	if withScheme == link {
		parsed.Host = strings.ToLower(parsed.Host)
		link = parsed.String()
	}
	given["primaryLinkUrl"] = strings.TrimSuffix(link, "/")
	return nil
}

// transformRichText derives the editor's blocks from the markdown, one paragraph a line.
func transformRichText(given row) {
	markdown, ok := given["markdown"].(string)
	if !ok {
		return
	}
	type text struct {
		Type   string   `json:"type"`
		Text   string   `json:"text"`
		Styles struct{} `json:"styles"`
	}
	type block struct {
		Type    string `json:"type"`
		Content []text `json:"content"`
	}
	var blocks []block
	for line := range strings.Lines(markdown) {
		blocks = append(blocks, block{Type: "paragraph", Content: []text{{Type: "text", Text: strings.TrimRight(line, "\n")}}})
	}
	encoded, err := json.Marshal(blocks)
	if err == nil {
		given["blocknote"] = string(encoded)
	}
}
