package client

import "context"

// Patient is somebody whom FortyTwo knows.
type Patient struct {
	ID    string
	Name  string
	Phone string // E.164
}

// Patients lists so many of them; fortyTwo is the root of its server.
func (c *Client) Patients(ctx context.Context, fortyTwo string, first int) ([]Patient, error) {
	var out struct {
		Patients struct {
			Edges []struct {
				Node struct {
					ID    string `json:"id"`
					Name  string `json:"name"`
					Phone struct {
						Number string `json:"primaryPhoneNumber"`
					} `json:"phone"`
				} `json:"node"`
			} `json:"edges"`
		} `json:"patients"`
	}
	const query = `query Patients($first: Int) { patients(first: $first) { edges { node { id name phone { primaryPhoneNumber } } } } }`
	if err := c.Run(ctx, fortyTwo+"/graphql", query, map[string]any{"first": first}, &out); err != nil {
		return nil, err
	}
	patients := make([]Patient, len(out.Patients.Edges))
	for i, e := range out.Patients.Edges {
		patients[i] = Patient{ID: e.Node.ID, Name: e.Node.Name, Phone: "+91" + e.Node.Phone.Number}
	}
	return patients, nil
}
