package sandbox

import (
	"net/http"

	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// crmModelRoutes are what an administrator of the CRM does to its data model.
func (s *Sandbox) crmModelRoutes() []route {
	return []route{
		{
			Method: "POST", Path: "/sandbox/fortytwo/fields",
			Does: "adds a field to an object of the CRM, as an administrator would; type as metadata has it (TEXT, NUMBER, SELECT with options, " +
				"RELATION with target …)",
			Body: crmField{Object: "call", Name: "caseNumber", Type: fortytwo.TypeText}, serve: s.addField,
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/fields/rename", Does: "gives a field of an object another name; its values move along",
			Body: crmRename{Object: "call", Name: "callsourcenumber", To: "sourceNumber"}, serve: s.renameField,
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/fields/remove", Does: "deletes a field of an object with its values",
			Body: crmRename{Object: "call", Name: "summary"}, serve: s.removeField,
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/objects", Does: "adds an object, with a field for its name and those given",
			Body: crmObject{Singular: "ward", Plural: "wards", Fields: []crmField{{Name: "beds", Type: fortytwo.TypeNumber}}}, serve: s.addObject,
		},
		{
			Method: "POST", Path: "/sandbox/fortytwo/objects/deactivate",
			Does: "takes an object out of use; with active true it comes back",
			Body: crmActive{Object: "followUp"}, serve: s.deactivateObject,
		},
	}
}

type crmField struct {
	Object  string             `json:"object,omitempty"`
	Name    string             `json:"name"`
	Label   string             `json:"label,omitempty"`
	Type    fortytwo.FieldType `json:"type"`
	Options []string           `json:"options,omitempty"`
	Target  string             `json:"target,omitempty"`
}

func (s *Sandbox) addField(r *http.Request) (any, error) {
	in, err := decodeBody[crmField](r)
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.crm.AddField(in.Object, in.spec())
}

func (f crmField) spec() fortytwo.FieldSpec {
	return fortytwo.FieldSpec{Name: f.Name, Label: f.Label, Type: f.Type, Options: f.Options, Target: f.Target, Custom: true}
}

type crmRename struct {
	Object string `json:"object"`
	Name   string `json:"name"`
	To     string `json:"to,omitempty"`
}

func (s *Sandbox) renameField(r *http.Request) (any, error) {
	in, err := decodeBody[crmRename](r)
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.crm.RenameField(in.Object, in.Name, in.To)
}

func (s *Sandbox) removeField(r *http.Request) (any, error) {
	in, err := decodeBody[crmRename](r)
	if err != nil {
		return nil, err
	}
	return done{OK: true}, s.crm.RemoveField(in.Object, in.Name)
}

type crmObject struct {
	Singular string     `json:"singular"`
	Plural   string     `json:"plural"`
	Fields   []crmField `json:"fields,omitempty"`
}

func (s *Sandbox) addObject(r *http.Request) (any, error) {
	in, err := decodeBody[crmObject](r)
	if err != nil {
		return nil, err
	}
	spec := fortytwo.ObjectSpec{NameSingular: in.Singular, NamePlural: in.Plural}
	for _, f := range in.Fields {
		spec.Fields = append(spec.Fields, f.spec())
	}
	return done{OK: true}, s.crm.AddObject(spec)
}

type crmActive struct {
	Object string `json:"object"`
	Active bool   `json:"active,omitempty"`
}

func (s *Sandbox) deactivateObject(r *http.Request) (any, error) {
	in, err := decodeBody[crmActive](r)
	if err != nil {
		return nil, err
	}
	if in.Active {
		return done{OK: true}, s.crm.ActivateObject(in.Object)
	}
	return done{OK: true}, s.crm.DeactivateObject(in.Object)
}
