package phone_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, region string
		want       helix.Phone
	}{
		"E.164 stays as it is":                       {"+919812345678", "IN", "+919812345678"},
		"ten digits are national":                    {"9812345678", "IN", "+919812345678"},
		"ten digits that begin with 91 are national": {"9198123456", "IN", "+919198123456"},
		"a trunk zero is dropped":                    {"09812345678", "IN", "+919812345678"},
		"a calling code needs no plus":               {"919812345678", "IN", "+919812345678"},
		"a landline is a number too":                 {"080 4176 3265", "IN", "+918041763265"},
		"separators are dropped":                     {" +91 (98123)-45.678 ", "IN", "+919812345678"},
		"Devanagari digits are digits":               {"९८१२३४५६७८", "IN", "+919812345678"},
		"Tamil and Latin digits may mix":             {"+91 ௯௮௧௨345678", "IN", "+919812345678"},
		"full-width forms are digits":                {"＋９１９８１２３４５６７８", "IN", "+919812345678"},
		"a foreign number keeps its country":         {"+1 415 555 0123", "IN", "+14155550123"},
		"another region has its own national form":   {"(415) 555-0123", "US", "+14155550123"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := phone.Parse(c.in, c.region)
			if err != nil || got != c.want {
				t.Errorf("Parse(%q) = %q, %v; want %q", c.in, got, err, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"nothing":                       "",
		"spaces alone":                  "   ",
		"a plus alone":                  "+",
		"too few digits":                "70246",
		"too many digits":               "98123456789012",
		"letters":                       "98CALLME78",
		"an extension":                  "9812345678 ext 5",
		"a plus in the middle":          "98123+45678",
		"a number that no plan knows":   "5555555555",
		"a country that does not exist": "+9991234567",
		"a word of a provider":          "anonymous",
		"a line break":                  "98123\n45678",
		"a text of great length":        strings.Repeat("9", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := phone.Parse(in, "IN")
			if !helix.IsCode(err, helix.CodeBadInput) || got != "" {
				t.Fatalf("Parse = %q, %v; want BAD_USER_INPUT", got, err)
			}
			if in = strings.TrimSpace(in); len(in) > 1 && strings.Contains(err.Error(), in) {
				t.Errorf("the error repeats its input: %v", err)
			}
		})
	}
}

func TestFromProvider(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]helix.Phone{
		"9800000001":     "+919800000001",
		"09800000001":    "+919800000001",
		"919800000001":   "+919800000001",
		"+919800000001":  "+919800000001",
		" 98000 00001 ":  "+919800000001",
		"5555555555":     "+915555555555", // no numbering plan has it, yet the caller showed it
		"918041763265":   "+918041763265",
		"971501234567":   "+971501234567",
		"+14155550123":   "+14155550123",
		"":               "",
		"None":           "",
		"anonymous":      "",
		"Anonymous":      "",
		"unknown":        "",
		"0000000000":     "",
		"520011":         "",
		"sip:520011@pbx": "",
	} {
		if got := phone.FromProvider(in); got != want {
			t.Errorf("FromProvider(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNational(t *testing.T) {
	t.Parallel()
	for in, want := range map[helix.Phone][2]string{
		"+919812345678": {"9812345678", "+91"},
		"+14155550123":  {"4155550123", "+1"},
		"+390612345678": {"0612345678", "+39"}, // Italy keeps its leading zero
		"+915555555555": {"5555555555", "+91"},
		"":              {"", ""},
	} {
		number, code := phone.National(in)
		if number != want[0] || code != want[1] {
			t.Errorf("National(%q) = %q, %q; want %q", in, number, code, want)
		}
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	secret := []byte("a secret of the installation")
	a, b := phone.Token(secret, "+919812345678"), phone.Token(secret, "+919812345679")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(a) {
		t.Errorf("token %q is not 128 bits of hex", a)
	}
	if a != phone.Token(secret, "+919812345678") {
		t.Error("the same number got two tokens")
	}
	if a == b || a == phone.Token([]byte("another secret"), "+919812345678") {
		t.Error("another number or secret got the same token")
	}
	if got := phone.Token(secret, ""); got != phone.Withheld {
		t.Errorf("a withheld number got %q", got)
	}
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+919812345678", "098123 45678", "९८१२३४५६७८", "+", "1800123", "tel:+91", "+39 06 12345678", "\xff\xfe9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := phone.Parse(s, "IN")
		if err != nil {
			if p != "" || !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("refusal gave %q, %v", p, err)
			}
			return
		}
		checkStable(t, p)
		if again, err := phone.Parse(string(p), "IN"); err != nil || again != p {
			t.Fatalf("%q is read again as %q, %v", p, again, err)
		}
	})
}

func FuzzFromProvider(f *testing.F) {
	for _, s := range []string{"9800000001", "09800000001", "919800000001", "None", "", "+971501234567", "00919800000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p := phone.FromProvider(s); p != "" {
			checkStable(t, p)
		}
	})
}

// FuzzNational checks that the short way to split an Indian number is no other way.
func FuzzNational(f *testing.F) {
	for _, s := range []string{"9812345678", "8041763265", "1800123456", "0812345678", "9198123456", "1111111111", "98123456", "981234567812", "98x2345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, digits string) {
		number, code := phone.National(helix.Phone("+91" + digits))
		n, err := phonenumbers.Parse("+91"+digits, "")
		if err != nil {
			if number != "" || code != "" {
				t.Fatalf("split what is no number into %q and %q", code, number)
			}
			return
		}
		if want := phonenumbers.GetNationalSignificantNumber(n); number != want {
			t.Fatalf("+91%s gives %q, want %q", digits, number, want)
		}
	})
}

// checkStable holds what the package promises of every number that it gives out.
func checkStable(t *testing.T, p helix.Phone) {
	t.Helper()
	if !e164.MatchString(string(p)) {
		t.Fatalf("%q is not E.164", p)
	}
	if again := phone.FromProvider(string(p)); again != p {
		t.Fatalf("%q is read again as %q", p, again)
	}
	if number, code := phone.National(p); code+number != string(p) {
		t.Fatalf("%q splits into %q and %q", p, code, number)
	}
}
