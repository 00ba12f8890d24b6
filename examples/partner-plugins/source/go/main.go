// Gets the codes of a pool from a partner's web service.
package main

import (
	"encoding/json"
	"fmt"
)

// issue gives a code for a customer.
func issue(request *codeRequest) (string, *refusal) {
	var config struct {
		Campaign string `json:"campaign"`
	}
	if err := json.Unmarshal([]byte(request.Config), &config); err != nil {
		return "", &refusal{misconfigured, "config: " + err.Error()}
	}
	body, _ := json.Marshal(map[string]string{"campaign": config.Campaign, "customer": request.Customer})
	status, answer, err := send("POST", "https://api.partner.example/codes", [][2]string{
		// The host fills the secret in on the way out: a plugin never holds one.
		{"authorization", "Bearer {{secret.token}}"},
		// The same for the same claim: the partner has to give the same code again.
		{"idempotency-key", request.IdempotencyKey},
		{"content-type", "application/json"},
	}, body)
	if err != nil {
		return "", err
	}
	if err := meaning(status); err != nil {
		return "", err
	}
	var issued struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(answer, &issued); err != nil {
		return "", &refusal{misconfigured, "the answer is no JSON with a code: " + err.Error()}
	}
	return issued.Code, nil
}

// meaning is what a status says of the claim.
func meaning(status uint16) *refusal {
	text := fmt.Sprintf("the partner answered %d", status)
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == 408, status == 425, status == 429, status >= 500:
		return &refusal{unavailable, text}
	case status < 400, status == 401, status == 403, status == 404, status == 405:
		return &refusal{misconfigured, text}
	default:
		return &refusal{refused, "no code is given to this customer"}
	}
}

// A library has no main, but Go wants one.
func main() {}
