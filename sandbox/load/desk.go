package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// deskClient sends the documents of a desk's frontend to a gateway.
type deskClient struct {
	http *http.Client
	url  string // of GraphQL
	key  string // of the CRM; "" where a token is sent
}

// post sends a request that is encoded already and gives the answer as it came.
func (c *deskClient) post(ctx context.Context, token string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if c.key != "" {
		req.Header.Set("X-Api-Key", c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d", res.StatusCode)
	}
	return raw, err
}

func readAnswer(raw []byte, out any) error {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return errors.New(answer.Errors[0].Message)
	}
	return json.Unmarshal(answer.Data, out)
}

// signIn gives an access token of a member.
func (c *deskClient) signIn(ctx context.Context, email, password string) (string, error) {
	var out struct {
		SignIn struct {
			OK    bool `json:"ok"`
			Error *struct {
				Message string `json:"message"`
			} `json:"error"`
			Session *struct {
				AccessToken string `json:"accessToken"`
			} `json:"session"`
		} `json:"signIn"`
	}
	body, err := json.Marshal(map[string]any{
		"query": documentSignIn, "variables": map[string]string{"email": email, "password": password},
	})
	if err != nil {
		return "", err
	}
	raw, err := c.post(ctx, "", body)
	if err == nil {
		err = readAnswer(raw, &out)
	}
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	switch in := out.SignIn; {
	case in.Error != nil:
		return "", fmt.Errorf("sign in: %s", in.Error.Message)
	case in.Session == nil:
		return "", errors.New("sign in: there is no session")
	}
	return out.SignIn.Session.AccessToken, nil
}
