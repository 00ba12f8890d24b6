  ;; What every stub of preview 1 has. It works in the memory of the module that it stands beside, and takes none of it:
  ;; what it keeps is in globals. Times are in nanoseconds.
  (import "env" "memory" (memory 0))
  (import "scrip:host/system@1.0.0" "now" (func $host_now (result i64)))
  (import "scrip:host/system@1.0.0" "seed" (func $host_seed (result i64)))
  (import "scrip:host/system@1.0.0" "print" (func $host_print (param i32 i32 i32)))
  (import "scrip:host/system@1.0.0" "deny" (func $host_deny (param i32 i32)))
  ;; How far sleeping and looking at the clock have moved it on: nothing really waits.
  (global $slept (mut i64) (i64.const 0))
  (global $random (mut i64) (i64.const 0))
  (global $seeded (mut i64) (i64.const 0))

  (func $clock (result i64) (i64.add (call $host_now) (global.get $slept)))

  ;; The realtime clock, or a monotonic one, on which a microsecond passes with each look, so that what waits for time to
  ;; pass ends.
  (func $look (param $id i32) (result i64)
    (if (local.get $id) (then (global.set $slept (i64.add (global.get $slept) (i64.const 1000)))))
    (call $clock))

  ;; splitmix64
  (func $next_random (result i64)
    (local $z i64)
    (if (i64.eqz (global.get $seeded)) (then
      (global.set $seeded (i64.const 1))
      (global.set $random (call $host_seed))))
    (global.set $random (i64.add (global.get $random) (i64.const 0x9e3779b97f4a7c15)))
    (local.set $z (global.get $random))
    (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 30))) (i64.const 0xbf58476d1ce4e5b9)))
    (local.set $z (i64.mul (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 27))) (i64.const 0x94d049bb133111eb)))
    (i64.xor (local.get $z) (i64.shr_u (local.get $z) (i64.const 31))))

  (func $fill_random (param $at i32) (param $length i32) (result i32)
    (local $i i32) (local $bits i64)
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $length)) (then
        (if (i32.eqz (i32.and (local.get $i) (i32.const 7))) (then (local.set $bits (call $next_random))))
        (i32.store8 (i32.add (local.get $at) (local.get $i)) (i32.wrap_i64 (local.get $bits)))
        (local.set $bits (i64.shr_u (local.get $bits) (i64.const 8)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (i32.const 0))

  ;; Standard input, output and error are 0 to 2. What is of no other file is EBADF (8).
  (func $standard (param $fd i32) (result i32)
    (select (i32.const 0) (i32.const 8) (i32.le_u (local.get $fd) (i32.const 2))))

  (func $write (param $fd i32) (param $parts i32) (param $count i32) (param $written i32) (result i32)
    (local $part i32) (local $end i32) (local $sum i32)
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (i32.const 8))))
    (local.set $part (local.get $parts))
    (local.set $end (i32.add (local.get $parts) (i32.shl (local.get $count) (i32.const 3))))
    (loop $next
      (if (i32.lt_u (local.get $part) (local.get $end)) (then
        (call $host_print (i32.eq (local.get $fd) (i32.const 2))
          (i32.load (local.get $part)) (i32.load offset=4 (local.get $part)))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $part))))
        (local.set $part (i32.add (local.get $part) (i32.const 8)))
        (br $next))))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))

  ;; Standard input has ended.
  (func $read (param $fd i32) (param $read i32) (result i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (i32.store (local.get $read) (i32.const 0))
    (i32.const 0))

  ;; A character device.
  (func $describe (param $fd i32) (param $at i32) (param $size i32) (param $type i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
    (memory.fill (local.get $at) (i32.const 0) (local.get $size))
    (i32.store8 (i32.add (local.get $at) (local.get $type)) (i32.const 2))
    (i32.const 0))

  (func $two_zeros (param $one i32) (param $other i32) (result i32)
    (i32.store (local.get $one) (i32.const 0))
    (i32.store (local.get $other) (i32.const 0))
    (i32.const 0))

  (func $store_time (param $at i32) (param $time i64) (result i32)
    (i64.store (local.get $at) (local.get $time))
    (i32.const 0))

  ;; When a subscription (48 bytes) is ready: a clock's at its time, a file's at once.
  (func $when (param $at i32) (result i64)
    (if (i32.load8_u offset=8 (local.get $at)) (then (return (i64.const 0))))
    (if (i32.and (i32.load16_u offset=40 (local.get $at)) (i32.const 1))
      (then (return (i64.load offset=24 (local.get $at)))))
    (i64.add (call $clock) (i64.load offset=24 (local.get $at))))

  ;; Sleeps until the first is ready, and tells it and those that are ready with it.
  (func $poll (param $in i32) (param $out i32) (param $count i32) (param $found i32) (result i32)
    (local $at i32) (local $end i32) (local $first i64) (local $when i64) (local $event i32) (local $now i64)
    (if (i32.eqz (local.get $count)) (then (return (i32.const 28))))
    (local.set $end (i32.add (local.get $in) (i32.mul (local.get $count) (i32.const 48))))
    (local.set $first (i64.const -1))
    (local.set $at (local.get $in))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (local.set $when (call $when (local.get $at)))
        (if (i64.lt_u (local.get $when) (local.get $first)) (then (local.set $first (local.get $when))))
        (local.set $at (i32.add (local.get $at) (i32.const 48)))
        (br $next))))
    (local.set $now (call $clock))
    (local.set $at (local.get $in))
    (local.set $event (local.get $out))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (local.set $when (call $when (local.get $at)))
        (if (i32.or (i64.le_u (local.get $when) (local.get $first)) (i64.le_u (local.get $when) (local.get $now))) (then
          (memory.fill (local.get $event) (i32.const 0) (i32.const 32))
          (i64.store (local.get $event) (i64.load (local.get $at)))
          (i32.store8 offset=10 (local.get $event) (i32.load8_u offset=8 (local.get $at)))
          (local.set $event (i32.add (local.get $event) (i32.const 32)))))
        (local.set $at (i32.add (local.get $at) (i32.const 48)))
        (br $next))))
    (if (i64.gt_u (local.get $first) (local.get $now))
      (then (global.set $slept (i64.sub (local.get $first) (call $host_now)))))
    (i32.store (local.get $found) (i32.shr_u (i32.sub (local.get $event) (local.get $out)) (i32.const 5)))
    (i32.const 0))
