// Means no good, in each way that the configuration names.
package main

import (
	"fmt"
	"strings"
)

// Where the fields of a check's request are, in bytes.
const (
	couponsAt = 152
	configAt  = 160
)

var hoard [][]byte

func deeper(n int) int {
	var kept [64]int
	kept[n%64] = n
	return kept[n%64] + deeper(n+1)
}

//go:wasmexport coupon:plugin/restriction-api@1.0.0#check
func check(at uint32) uint32 {
	count, refusal := word(at+couponsAt+4), ""
	switch config := text(at + configAt); {
	case strings.Contains(config, "loop"):
		for {
		}
	case strings.Contains(config, "memory"):
		for {
			hoard = append(hoard, make([]byte, 100_000))
		}
	case strings.Contains(config, "stack"):
		fmt.Print(deeper(0))
	case strings.Contains(config, "output"):
		refusal = strings.Repeat("x", 1_500_000)
	case strings.Contains(config, "panic"):
		panic("a fault of its own")
	case strings.Contains(config, "nonsense"):
		count = 0
	case strings.Contains(config, "print"):
		for range 20_000 {
			fmt.Println("a line")
		}
	}
	answer, verdicts := room(12), room(count*12)
	for i := range count {
		if refusal != "" {
			bytes(verdicts+i*12, 1)[0] = 1
			give(verdicts+i*12+4, refusal)
		}
	}
	set(answer+4, verdicts)
	set(answer+8, count)
	return answer
}

func main() {}
