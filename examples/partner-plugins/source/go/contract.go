package main

// The contract of a source, by hand.

import "encoding/binary"

// A codeRequest is what this plugin reads of the contract's.
type codeRequest struct {
	IdempotencyKey, Customer string
	Config                   string // JSON
}

// Where the fields of the contract's code-request are, in bytes.
const (
	customerAt = 60
	configAt   = 100
)

// Why there is no code: the contract's error.
const (
	unavailable uint8 = iota
	refused
	misconfigured
)

type refusal struct {
	kind uint8
	text string
}

// The errors of the contract's http, as far as they are told apart here.
const (
	timedOut    = 1
	unreachable = 2
)

//go:wasmimport coupon:plugin/http@1.0.0 send
func sendRequest(method, url string, headers, headerCount, hasBody, body, bodyLength, answer uint32)

// send asks over the host's HTTP, and gives the status and the body of the answer.
func send(method, url string, headers [][2]string, body []byte) (uint16, []byte, *refusal) {
	list := room(uint32(len(headers)) * 16)
	for i, header := range headers {
		give(list+uint32(i)*16, header[0])
		give(list+uint32(i)*16+8, header[1])
	}
	content := room(8)
	give(content, string(body))
	answer := room(24)
	sendRequest(method, url, list, uint32(len(headers)), 1, word(content), word(content+4), answer)
	// A result: 0 and at 4 a response (status, headers at 4, body at 12), or 1 and at 4 an error.
	if bytes(answer, 1)[0] == 0 {
		return binary.LittleEndian.Uint16(bytes(answer+4, 2)), bytes(word(answer+16), word(answer+20)), nil
	}
	switch kind := bytes(answer+4, 1)[0]; kind {
	case timedOut:
		return 0, nil, &refusal{unavailable, "no answer in time"}
	case unreachable:
		return 0, nil, &refusal{unavailable, "no answer: " + text(answer+8)}
	case 3:
		return 0, nil, &refusal{misconfigured, "the answer is larger than limits.response_kib"}
	default:
		return 0, nil, &refusal{misconfigured, text(answer + 8)}
	}
}

//go:wasmexport coupon:plugin/source-api@1.0.0#issue
func exportedIssue(at uint32) uint32 {
	request := codeRequest{text(at), text(at + customerAt), text(at + configAt)}
	code, err := issue(&request)
	// A result: 0 and at 4 what is issued (a code, and at 8 of it no end), or 1 and at 4 an error with its text.
	answer := room(24)
	if err != nil {
		bytes(answer, 1)[0] = 1
		bytes(answer+4, 1)[0] = err.kind
		give(answer+8, err.text)
		return answer
	}
	give(answer+4, code)
	return answer
}
