  ;; What every stub has. Times are in nanoseconds. A pollable is 0 where it is always ready, or else the address of
  ;; the time when it is.
  (import "scrip:host/system@1.0.0" "now" (func $host_now (result i64)))
  (import "scrip:host/system@1.0.0" "seed" (func $host_seed (result i64)))
  (import "scrip:host/system@1.0.0" "print" (func $host_print (param i32 i32 i32)))
  (import "scrip:host/system@1.0.0" "deny" (func $host_deny (param i32 i32)))
  (memory (export "memory") 1)
  ;; How far sleeping and looking at the clock have moved it on: nothing really waits.
  (global $slept (mut i64) (i64.const 0))
  (global $random (mut i64) (i64.const 0))
  (global $seeded (mut i32) (i32.const 0))
  (global $timer (mut i32) (i32.const 4096))
  (global $free (mut i32) (i32.const HEAP))

  ;; The place of an answer, empty.
  (func $answer (result i32)
    (memory.fill (i32.const 16) (i32.const 0) (i32.const 64))
    (i32.const 16))

  ;; What was given out before is not looked at any more.
  (func $forget (global.set $free (i32.const HEAP)))

  (func $realloc (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (if (i32.lt_u (i32.add (local.get $at) (local.get $size)) (local.get $at)) (then unreachable))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (loop $grow
        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        unreachable))
    (memory.copy (local.get $at) (local.get $old) (local.get $had))
    (local.get $at))

  (func $clock (result i64) (i64.add (call $host_now) (global.get $slept)))

  ;; A microsecond passes with each look, so that what waits for time to pass ends.
  (func $look (result i64)
    (global.set $slept (i64.add (global.get $slept) (i64.const 1000)))
    (call $clock))

  (func $sleep_until (param $when i64)
    (if (i64.gt_u (local.get $when) (call $clock))
      (then (global.set $slept (i64.sub (local.get $when) (call $host_now))))))

  ;; Of the last 512 timers.
  (func $new_timer (param $when i64) (result i32)
    (global.set $timer (i32.add (global.get $timer) (i32.const 8)))
    (if (i32.ge_u (global.get $timer) (i32.const 8192)) (then (global.set $timer (i32.const 4096))))
    (i64.store (global.get $timer) (local.get $when))
    (global.get $timer))

  (func $when (param $pollable i32) (result i64)
    (if (result i64) (local.get $pollable) (then (i64.load (local.get $pollable))) (else (i64.const 0))))

  (func $ready (param $pollable i32) (result i32) (i64.le_u (call $when (local.get $pollable)) (call $clock)))

  ;; Waits for the first, and tells all that are ready.
  (func $poll (param $list i32) (param $length i32) (result i32)
    (local $i i32) (local $first i64) (local $found i32) (local $count i32) (local $answer i32)
    (local.set $first (i64.const -1))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $length)) (then
        (if (i64.lt_u (call $when (call $item (local.get $list) (local.get $i))) (local.get $first))
          (then (local.set $first (call $when (call $item (local.get $list) (local.get $i))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (if (local.get $length) (then (call $sleep_until (local.get $first))))
    (local.set $found (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.shl (local.get $length) (i32.const 2))))
    (local.set $i (i32.const 0))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $length)) (then
        (if (call $ready (call $item (local.get $list) (local.get $i))) (then
          (i32.store (i32.add (local.get $found) (i32.shl (local.get $count) (i32.const 2))) (local.get $i))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (local.set $answer (call $answer))
    (i32.store (local.get $answer) (local.get $found))
    (i32.store offset=4 (local.get $answer) (local.get $count))
    (local.get $answer))

  (func $item (param $list i32) (param $i i32) (result i32)
    (i32.load (i32.add (local.get $list) (i32.shl (local.get $i) (i32.const 2)))))

  ;; splitmix64
  (func $next_random (result i64)
    (local $z i64)
    (if (i32.eqz (global.get $seeded)) (then
      (global.set $seeded (i32.const 1))
      (global.set $random (call $host_seed))))
    (global.set $random (i64.add (global.get $random) (i64.const 0x9e3779b97f4a7c15)))
    (local.set $z (global.get $random))
    (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 30))) (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 27))) (i64.const 0x94d049bb133111eb)))
    (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 31))))

  (func $random_bytes (param $length i64) (result i32)
    (local $at i32) (local $i i32) (local $answer i32)
    (if (i64.gt_u (local.get $length) (i64.const 1048576)) (then unreachable))
    (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 8)
      (i32.add (i32.wrap_i64 (local.get $length)) (i32.const 8))))
    (loop $next
      (if (i32.lt_u (local.get $i) (i32.wrap_i64 (local.get $length))) (then
        (i64.store (i32.add (local.get $at) (local.get $i)) (call $next_random))
        (local.set $i (i32.add (local.get $i) (i32.const 8)))
        (br $next))))
    (local.set $answer (call $answer))
    (i32.store (local.get $answer) (local.get $at))
    (i32.store offset=4 (local.get $answer) (i32.wrap_i64 (local.get $length)))
    (local.get $answer))

  ;; A stream that has ended: an error whose case is the second, after a word or a number.
  (func $closed4 (result i32)
    (i32.store8 (call $answer) (i32.const 1))
    (i32.store8 (i32.const 20) (i32.const 1))
    (i32.const 16))
  (func $closed8 (result i32)
    (i32.store8 (call $answer) (i32.const 1))
    (i32.store8 (i32.const 24) (i32.const 1))
    (i32.const 16))

  (func $write (param $stream i32) (param $at i32) (param $length i32) (result i32)
    (call $host_print (i32.eq (local.get $stream) (i32.const 2)) (local.get $at) (local.get $length))
    (call $forget)
    (call $answer))
