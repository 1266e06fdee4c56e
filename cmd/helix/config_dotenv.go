package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// maxDotenv bounds a .env file, in bytes. It is a page of settings; anything larger is another file.
const maxDotenv = 1 << 20

// Environment is the process's environment over what the file at path says; a missing file says nothing. A variable
// that is set to nothing counts as not set, on either side.
func Environment(path string, environ []string) (map[string]string, error) {
	env := map[string]string{}
	text, err := readDotenv(path)
	if err != nil {
		return nil, err
	}
	values, err := parseDotenv(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for key, value := range values {
		if value != "" {
			env[key] = value
		}
	}
	for _, entry := range environ {
		if key, value, ok := strings.Cut(entry, "="); ok && value != "" {
			env[key] = value
		}
	}
	return env, nil
}

func readDotenv(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case info.Size() > maxDotenv:
		return "", fmt.Errorf("%s: larger than %d bytes; is it a .env file?", path, maxDotenv)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// parseDotenv reads lines of NAME=value; all faults are reported together, by line and never with the value.
//
//	# a comment, and blank lines, are skipped
//	export NAME=value     # "export" is allowed, and a comment after a blank
//	NAME='as it is'       # nothing inside is special; may span lines
//	NAME="a\tb\n\"c\""    # \n \t \r \" \\ \$ are read; may span lines
//
// Nothing is expanded: a value with a dollar sign is that value.
func parseDotenv(text string) (map[string]string, error) {
	p := dotenvParser{rest: strings.TrimPrefix(text, "\ufeff"), line: 1, values: map[string]string{}}
	for p.rest != "" {
		p.statement()
	}
	return p.values, errors.Join(p.faults...)
}

type dotenvParser struct {
	rest   string
	line   int
	values map[string]string
	faults []error
}

// statement takes one line, or several that a quoted value spans.
func (p *dotenvParser) statement() {
	start := p.line
	line, _, _ := strings.Cut(p.rest, "\n")
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || strings.HasPrefix(trimmed, "#") {
		p.skip(len(line) + 1)
		return
	}
	name, _, ok := strings.Cut(line, "=")
	if !ok {
		p.fault(start, "is not of the form NAME=value")
		p.skip(len(line) + 1)
		return
	}
	p.skip(len(name) + 1)
	name = strings.TrimSpace(name)
	if after, found := strings.CutPrefix(name, "export"); found && strings.TrimLeft(after, " \t") != after {
		name = strings.TrimSpace(after)
	}
	value, fault := p.value()
	switch {
	case fault != "":
		p.fault(start, fault)
	case !validName(name):
		p.fault(start, "has no valid name before the equals sign")
	default:
		p.values[name] = value
	}
}

// value takes what follows the equals sign, up to and with the end of its line.
func (p *dotenvParser) value() (value, fault string) {
	p.skip(len(p.rest) - len(strings.TrimLeft(p.rest, " \t")))
	if p.rest != "" && (p.rest[0] == '"' || p.rest[0] == '\'') {
		return p.quoted(p.rest[0])
	}
	line, _, _ := strings.Cut(p.rest, "\n")
	p.skip(len(line) + 1)
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return strings.TrimSpace(line), ""
}

func (p *dotenvParser) quoted(quote byte) (value, fault string) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == quote:
			p.skip(i + 1)
			tail, _, _ := strings.Cut(p.rest, "\n")
			p.skip(len(tail) + 1)
			if tail = strings.TrimSpace(tail); tail != "" && tail[0] != '#' {
				return "", "has something after the closing quote"
			}
			return b.String(), ""
		case c == '\\' && quote == '"' && i+1 < len(p.rest):
			i++
			b.WriteString(unescape(p.rest[i]))
		default:
			b.WriteByte(c)
		}
	}
	p.skip(len(p.rest))
	return "", "has no closing quote"
}

// unescape reads what follows a backslash; what has no meaning keeps it.
func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '"', '\\', '$':
		return string(rune(c))
	default:
		return `\` + string([]byte{c})
	}
}

// skip takes n bytes, or what is left, and counts their lines.
func (p *dotenvParser) skip(n int) {
	n = min(n, len(p.rest))
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

func (p *dotenvParser) fault(line int, what string) {
	p.faults = append(p.faults, fmt.Errorf("line %d %s", line, what))
}

// validName tells what every shell takes as the name of a variable.
func validName(name string) bool {
	for i, c := range name {
		letter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
