package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// ConfigError is every fault of the configuration at once. Each one names the variable, what is wrong with it and what
// to do; none holds a secret.
type ConfigError struct {
	Faults []string
}

// Error lists the faults, one on each line.
func (e *ConfigError) Error() string {
	return "the configuration has faults:\n  - " + strings.Join(e.Faults, "\n  - ")
}

// LoadConfig reads and checks the configuration. The error is a [*ConfigError].
func LoadConfig(environment map[string]string) (Config, error) {
	var c Config
	var faults faults
	environment = withOldNames(environment, settingsOf(&c))
	for _, group := range groupsOf(&c) {
		faults.parse(group, environment)
	}
	c.normalise()
	c.check(&faults)
	c.Directory = readDirectory(c.Agents, &faults)
	if len(faults.list) > 0 {
		return Config{}, &ConfigError{Faults: faults.list}
	}
	return c, nil
}

// faults collects what is wrong with which variable.
type faults struct {
	list   []string
	broken []string // variables whose value could not be read at all; further checks of them would only confuse
}

// add notes a fault of variable name: what is wrong, and the fix.
func (f *faults) add(name, wrong, fix string) {
	if !slices.Contains(f.broken, name) {
		f.list = append(f.list, fmt.Sprintf("%s %s: %s", name, wrong, fix))
	}
}

// parse fills one group of settings.
func (f *faults) parse(group any, environment map[string]string) {
	err := env.ParseWithOptions(group, env.Options{Environment: environment})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return
	}
	settings := groupSettings(reflect.ValueOf(group).Elem())
	for _, err := range all.Errors {
		var broken env.ParseError
		if !errors.As(err, &broken) {
			f.list = append(f.list, err.Error())
			continue
		}
		i := slices.IndexFunc(settings, func(s setting) bool { return s.field == broken.Name })
		s := settings[i]
		f.add(s.name, "is not "+kindOf(broken.Type), fmt.Sprintf("write it like %s=%s", s.name, s.byDefault))
		f.broken = append(f.broken, s.name)
	}
}

// kindOf says in words what a value should have been.
func kindOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 90s, 10m or 1h30m"
	case t.Kind() == reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// setting is one variable, as the tags of [Config] describe it.
type setting struct {
	field     string
	name      string
	old       []string
	doc       string
	example   string // "-" where there is nothing sensible to show
	byDefault string
}

// groupsOf gives pointers to the groups of c, in their order.
func groupsOf(c *Config) []any {
	var groups []any
	for _, v := range reflect.ValueOf(c).Elem().Fields() {
		if v.Kind() == reflect.Struct {
			groups = append(groups, v.Addr().Interface())
		}
	}
	return groups
}

// settingsOf gives all variables.
func settingsOf(c *Config) []setting {
	var all []setting
	for _, group := range groupsOf(c) {
		all = append(all, groupSettings(reflect.ValueOf(group).Elem())...)
	}
	return all
}

func groupSettings(group reflect.Value) []setting {
	settings := make([]setting, group.NumField())
	for i := range settings {
		f := group.Type().Field(i)
		settings[i] = setting{
			field: f.Name, name: f.Tag.Get("env"), doc: f.Tag.Get("doc"), example: f.Tag.Get("example"),
			byDefault: f.Tag.Get("envDefault"),
		}
		if old := f.Tag.Get("old"); old != "" {
			settings[i].old = strings.Split(old, ",")
		}
	}
	return settings
}

// withOldNames gives each variable that is not set the value of the first of its old names that is.
func withOldNames(environment map[string]string, settings []setting) map[string]string {
	merged := make(map[string]string, len(environment))
	for key, value := range environment {
		if value != "" {
			merged[key] = value
		}
	}
	for _, s := range settings {
		for _, old := range s.old {
			if _, set := merged[s.name]; !set && merged[old] != "" {
				merged[s.name] = merged[old]
			}
		}
	}
	return merged
}
