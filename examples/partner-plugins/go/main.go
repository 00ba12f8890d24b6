// Lets a coupon be used only with enough items in the basket: {"items": 3}.
package main

import (
	"encoding/json"
	"fmt"
)

type config struct {
	Items int `json:"items"`
}

// check gives one verdict a coupon, in the same order: the text of a refusal, or none where it allows.
func check(request *checkRequest) ([]string, error) {
	var config config
	if err := json.Unmarshal([]byte(request.Config), &config); err != nil || config.Items < 1 {
		return nil, fmt.Errorf("config.items: expected a whole number of at least 1")
	}
	found := 0
	for _, quantity := range request.Quantities {
		found += int(quantity)
	}
	logLine(levelDebug, fmt.Sprintf("%d of %d items", found, config.Items))
	verdicts := make([]string, request.Coupons)
	if found < config.Items {
		noun := "items"
		if config.Items == 1 {
			noun = "item"
		}
		for i := range verdicts {
			verdicts[i] = fmt.Sprintf("needs %d %s in the basket", config.Items, noun)
		}
	}
	return verdicts, nil
}

// A library has no main, but Go wants one.
func main() {}
