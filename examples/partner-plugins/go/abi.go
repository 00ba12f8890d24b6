package main

// The memory rules of the contract's ABI: see ABI.md. Addresses are of 32 bits, and Go's own pointers on wasm of 64, so
// structs of Go's do not fit: fields are read and written by their places.

import (
	"runtime/debug"
	"unsafe"
)

// What the host has been given room in, and what it is answered with. Memory goes with the call, so nothing is freed.
var kept [][]uint64

func init() {
	// A call is short, and its memory is bounded by limits.memory_mib: collecting garbage costs more than it brings.
	debug.SetGCPercent(-1)
}

// room is some memory, by its address.
func room(size uint32) uint32 {
	words := make([]uint64, size/8+1)
	kept = append(kept, words)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(words))))
}

// The host asks for room with this.
//
//go:wasmexport cabi_realloc
func realloc(old, had, align, size uint32) uint32 {
	at := room(size)
	copy(bytes(at, size), bytes(old, had))
	return at
}

func bytes(at, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), length)
}

func word(at uint32) uint32 { return *(*uint32)(unsafe.Pointer(uintptr(at))) }

func set(at, value uint32) { *(*uint32)(unsafe.Pointer(uintptr(at))) = value }

func text(at uint32) string { return string(bytes(word(at), word(at+4))) }

// give leaves a text's address and length at a place.
func give(at uint32, value string) {
	place := room(uint32(len(value)))
	copy(bytes(place, uint32(len(value))), value)
	set(at, place)
	set(at+4, uint32(len(value)))
}
