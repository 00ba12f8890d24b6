package main

// The contract of a restriction, by hand.

// Where the fields of a check's request are, in bytes.
const (
	basketAt = 108 // an option: whether it is there, and then the basket, at 112
	lines    = 144 // a list: address and length
	line     = 20  // the size of one, and of its fields
	quantity = 8
	coupons  = 152
	configAt = 160
	verdict  = 12 // the size of one
)

// A checkRequest is what this plugin reads of a check's request.
type checkRequest struct {
	Quantities []uint32 // of the basket's lines
	Coupons    uint32   // how many
	Config     string   // JSON
}

//go:wasmimport coupon:plugin/log@1.0.0 write
func write(level uint32, line string)

// The levels of the log.
const (
	levelDebug uint32 = iota
	levelInfo
	levelWarn
	levelError
)

// logLine writes a line of the log.
func logLine(level uint32, line string) { write(level, line) }

//go:wasmexport coupon:plugin/restriction-api@1.0.0#check
func exportedCheck(at uint32) uint32 {
	request := checkRequest{Coupons: word(at + coupons + 4), Config: text(at + configAt)}
	if bytes(at+basketAt, 1)[0] == 1 {
		for i := range word(at + lines + 4) {
			request.Quantities = append(request.Quantities, word(word(at+lines)+i*line+quantity))
		}
	}
	verdicts, err := check(&request)
	// A result: 0 and a list of verdicts, or 1 and a text.
	answer := room(12)
	if err != nil {
		bytes(answer, 1)[0] = 1
		give(answer+4, err.Error())
		return answer
	}
	list := room(uint32(len(verdicts)) * verdict)
	for i, refusal := range verdicts {
		// A verdict: 0 allows; 1 refuses, with a text at 4.
		if refusal != "" {
			one := list + uint32(i)*verdict
			bytes(one, 1)[0] = 1
			give(one+4, refusal)
		}
	}
	set(answer+4, list)
	set(answer+8, uint32(len(verdicts)))
	return answer
}
